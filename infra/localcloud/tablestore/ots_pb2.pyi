# ruff: noqa
# fmt: off
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

AUTO_INCREMENT: PrimaryKeyOption
BACKWARD: Direction
BINARY: PrimaryKeyType
CT_EQUAL: ComparatorType
CT_EXIST: ComparatorType
CT_GREATER_EQUAL: ComparatorType
CT_GREATER_THAN: ComparatorType
CT_LESS_EQUAL: ComparatorType
CT_LESS_THAN: ComparatorType
CT_NOT_EQUAL: ComparatorType
CT_NOT_EXIST: ComparatorType
DCT_BLOB: DefinedColumnType
DCT_BOOLEAN: DefinedColumnType
DCT_DOUBLE: DefinedColumnType
DCT_INTEGER: DefinedColumnType
DCT_STRING: DefinedColumnType
DELETE: OperationType
DESCRIPTOR: _descriptor.FileDescriptor
EXPECT_EXIST: RowExistenceExpectation
EXPECT_NOT_EXIST: RowExistenceExpectation
FORWARD: Direction
FT_COLUMN_PAGINATION: FilterType
FT_COMPOSITE_COLUMN_VALUE: FilterType
FT_SINGLE_COLUMN_VALUE: FilterType
IGNORE: RowExistenceExpectation
INTEGER: PrimaryKeyType
IT_GLOBAL_INDEX: IndexType
IT_LOCAL_INDEX: IndexType
IUM_ASYNC_INDEX: IndexUpdateMode
IUM_SYNC_INDEX: IndexUpdateMode
LO_AND: LogicalOperator
LO_NOT: LogicalOperator
LO_OR: LogicalOperator
PK_BOOLEAN: PrimaryKeyType
PUT: OperationType
RT_AFTER_MODIFY: ReturnType
RT_NONE: ReturnType
RT_PK: ReturnType
STRING: PrimaryKeyType
TS_ACTIVE: TableStatus
UPDATE: OperationType
VT_BLOB: VariantType
VT_DOUBLE: VariantType
VT_INTEGER: VariantType
VT_NULL: VariantType
VT_STRING: VariantType

class AddDefinedColumnRequest(_message.Message):
    __slots__ = ["columns", "table_name"]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    TABLE_NAME_FIELD_NUMBER: _ClassVar[int]
    columns: _containers.RepeatedCompositeFieldContainer[DefinedColumnSchema]
    table_name: str
    def __init__(self, table_name: _Optional[str] = ..., columns: _Optional[_Iterable[_Union[DefinedColumnSchema, _Mapping]]] = ...) -> None: ...

class AddDefinedColumnResponse(_message.Message):
    __slots__ = []
    def __init__(self) -> None: ...

class BatchGetRowRequest(_message.Message):
    __slots__ = ["tables"]
    TABLES_FIELD_NUMBER: _ClassVar[int]
    tables: _containers.RepeatedCompositeFieldContainer[TableInBatchGetRowRequest]
    def __init__(self, tables: _Optional[_Iterable[_Union[TableInBatchGetRowRequest, _Mapping]]] = ...) -> None: ...

class BatchResponse(_message.Message):
    __slots__ = ["tables"]
    TABLES_FIELD_NUMBER: _ClassVar[int]
    tables: _containers.RepeatedCompositeFieldContainer[TableInBatchResponse]
    def __init__(self, tables: _Optional[_Iterable[_Union[TableInBatchResponse, _Mapping]]] = ...) -> None: ...

class BatchWriteRowRequest(_message.Message):
    __slots__ = ["is_atomic", "tables", "transaction_id"]
    IS_ATOMIC_FIELD_NUMBER: _ClassVar[int]
    TABLES_FIELD_NUMBER: _ClassVar[int]
    TRANSACTION_ID_FIELD_NUMBER: _ClassVar[int]
    is_atomic: bool
    tables: _containers.RepeatedCompositeFieldContainer[TableInBatchWriteRowRequest]
    transaction_id: str
    def __init__(self, tables: _Optional[_Iterable[_Union[TableInBatchWriteRowRequest, _Mapping]]] = ..., transaction_id: _Optional[str] = ..., is_atomic: bool = ...) -> None: ...

class CapacityUnit(_message.Message):
    __slots__ = ["read", "write"]
    READ_FIELD_NUMBER: _ClassVar[int]
    WRITE_FIELD_NUMBER: _ClassVar[int]
    read: int
    write: int
    def __init__(self, read: _Optional[int] = ..., write: _Optional[int] = ...) -> None: ...

class ColumnPaginationFilter(_message.Message):
    __slots__ = ["limit", "offset"]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    limit: int
    offset: int
    def __init__(self, offset: _Optional[int] = ..., limit: _Optional[int] = ...) -> None: ...

class CompositeColumnValueFilter(_message.Message):
    __slots__ = ["combinator", "sub_filters"]
    COMBINATOR_FIELD_NUMBER: _ClassVar[int]
    SUB_FILTERS_FIELD_NUMBER: _ClassVar[int]
    combinator: LogicalOperator
    sub_filters: _containers.RepeatedCompositeFieldContainer[Filter]
    def __init__(self, combinator: _Optional[_Union[LogicalOperator, str]] = ..., sub_filters: _Optional[_Iterable[_Union[Filter, _Mapping]]] = ...) -> None: ...

class ComputeSplitPointsBySizeRequest(_message.Message):
    __slots__ = ["split_point_limit", "split_size", "split_size_unit_in_byte", "table_name"]
    SPLIT_POINT_LIMIT_FIELD_NUMBER: _ClassVar[int]
    SPLIT_SIZE_FIELD_NUMBER: _ClassVar[int]
    SPLIT_SIZE_UNIT_IN_BYTE_FIELD_NUMBER: _ClassVar[int]
    TABLE_NAME_FIELD_NUMBER: _ClassVar[int]
    split_point_limit: int
    split_size: int
    split_size_unit_in_byte: int
    table_name: str
    def __init__(self, table_name: _Optional[str] = ..., split_size: _Optional[int] = ..., split_size_unit_in_byte: _Optional[int] = ..., split_point_limit: _Optional[int] = ...) -> None: ...

class ComputeSplitPointsBySizeResponse(_message.Message):
    __slots__ = ["consumed", "locations", "schema", "split_points"]
    class SplitLocation(_message.Message):
        __slots__ = ["location", "repeat"]
        LOCATION_FIELD_NUMBER: _ClassVar[int]
        REPEAT_FIELD_NUMBER: _ClassVar[int]
        location: str
        repeat: int
        def __init__(self, location: _Optional[str] = ..., repeat: _Optional[int] = ...) -> None: ...
    CONSUMED_FIELD_NUMBER: _ClassVar[int]
    LOCATIONS_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    SPLIT_POINTS_FIELD_NUMBER: _ClassVar[int]
    consumed: ConsumedCapacity
    locations: _containers.RepeatedCompositeFieldContainer[ComputeSplitPointsBySizeResponse.SplitLocation]
    schema: _containers.RepeatedCompositeFieldContainer[PrimaryKeySchema]
    split_points: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, consumed: _Optional[_Union[ConsumedCapacity, _Mapping]] = ..., schema: _Optional[_Iterable[_Union[PrimaryKeySchema, _Mapping]]] = ..., split_points: _Optional[_Iterable[bytes]] = ..., locations: _Optional[_Iterable[_Union[ComputeSplitPointsBySizeResponse.SplitLocation, _Mapping]]] = ...) -> None: ...

class Condition(_message.Message):
    __slots__ = ["column_condition", "row_existence"]
    COLUMN_CONDITION_FIELD_NUMBER: _ClassVar[int]
    ROW_EXISTENCE_FIELD_NUMBER: _ClassVar[int]
    column_condition: bytes
    row_existence: RowExistenceExpectation
    def __init__(self, row_existence: _Optional[_Union[RowExistenceExpectation, str]] = ..., column_condition: _Optional[bytes] = ...) -> None: ...

class ConsumedCapacity(_message.Message):
    __slots__ = ["capacity_unit"]
    CAPACITY_UNIT_FIELD_NUMBER: _ClassVar[int]
    capacity_unit: CapacityUnit
    def __init__(self, capacity_unit: _Optional[_Union[CapacityUnit, _Mapping]] = ...) -> None: ...

class CreateIndexRequest(_message.Message):
    __slots__ = ["include_base_data", "index_meta", "main_table_name"]
    INCLUDE_BASE_DATA_FIELD_NUMBER: _ClassVar[int]
    INDEX_META_FIELD_NUMBER: _ClassVar[int]
    MAIN_TABLE_NAME_FIELD_NUMBER: _ClassVar[int]
    include_base_data: bool
    index_meta: IndexMeta
    main_table_name: str
    def __init__(self, main_table_name: _Optional[str] = ..., index_meta: _Optional[_Union[IndexMeta, _Mapping]] = ..., include_base_data: bool = ...) -> None: ...

class CreateIndexResponse(_message.Message):
    __slots__ = []
    def __init__(self) -> None: ...

class CreateTableRequest(_message.Message):
    __slots__ = ["enable_local_txn", "index_metas", "partitions", "reserved_throughput", "sse_spec", "stream_spec", "table_meta", "table_options"]
    ENABLE_LOCAL_TXN_FIELD_NUMBER: _ClassVar[int]
    INDEX_METAS_FIELD_NUMBER: _ClassVar[int]
    PARTITIONS_FIELD_NUMBER: _ClassVar[int]
    RESERVED_THROUGHPUT_FIELD_NUMBER: _ClassVar[int]
    SSE_SPEC_FIELD_NUMBER: _ClassVar[int]
    STREAM_SPEC_FIELD_NUMBER: _ClassVar[int]
    TABLE_META_FIELD_NUMBER: _ClassVar[int]
    TABLE_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    enable_local_txn: bool
    index_metas: _containers.RepeatedCompositeFieldContainer[IndexMeta]
    partitions: _containers.RepeatedCompositeFieldContainer[PartitionRange]
    reserved_throughput: ReservedThroughput
    sse_spec: SSESpecification
    stream_spec: StreamSpecification
    table_meta: TableMeta
    table_options: TableOptions
    def __init__(self, table_meta: _Optional[_Union[TableMeta, _Mapping]] = ..., reserved_throughput: _Optional[_Union[ReservedThroughput, _Mapping]] = ..., table_options: _Optional[_Union[TableOptions, _Mapping]] = ..., partitions: _Optional[_Iterable[_Union[PartitionRange, _Mapping]]] = ..., stream_spec: _Optional[_Union[StreamSpecification, _Mapping]] = ..., sse_spec: _Optional[_Union[SSESpecification, _Mapping]] = ..., index_metas: _Optional[_Iterable[_Union[IndexMeta, _Mapping]]] = ..., enable_local_txn: bool = ...) -> None: ...

class CreateTableResponse(_message.Message):
    __slots__ = []
    def __init__(self) -> None: ...

class DefinedColumnSchema(_message.Message):
    __slots__ = ["name", "type"]
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    name: str
    type: DefinedColumnType
    def __init__(self, name: _Optional[str] = ..., type: _Optional[_Union[DefinedColumnType, str]] = ...) -> None: ...

class DeleteDefinedColumnRequest(_message.Message):
    __slots__ = ["columns", "table_name"]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    TABLE_NAME_FIELD_NUMBER: _ClassVar[int]
    columns: _containers.RepeatedScalarFieldContainer[str]
    table_name: str
    def __init__(self, table_name: _Optional[str] = ..., columns: _Optional[_Iterable[str]] = ...) -> None: ...

class DeleteDefinedColumnResponse(_message.Message):
    __slots__ = []
    def __init__(self) -> None: ...

class DeleteRowRequest(_message.Message):
    __slots__ = ["condition", "primary_key", "return_content", "table_name", "transaction_id"]
    CONDITION_FIELD_NUMBER: _ClassVar[int]
    PRIMARY_KEY_FIELD_NUMBER: _ClassVar[int]
    RETURN_CONTENT_FIELD_NUMBER: _ClassVar[int]
    TABLE_NAME_FIELD_NUMBER: _ClassVar[int]
    TRANSACTION_ID_FIELD_NUMBER: _ClassVar[int]
    condition: Condition
    primary_key: bytes
    return_content: ReturnContent
    table_name: str
    transaction_id: str
    def __init__(self, table_name: _Optional[str] = ..., primary_key: _Optional[bytes] = ..., condition: _Optional[_Union[Condition, _Mapping]] = ..., return_content: _Optional[_Union[ReturnContent, _Mapping]] = ..., transaction_id: _Optional[str] = ...) -> None: ...

class DeleteTableRequest(_message.Message):
    __slots__ = ["table_name"]
    TABLE_NAME_FIELD_NUMBER: _ClassVar[int]
    table_name: str
    def __init__(self, table_name: _Optional[str] = ...) -> None: ...

class DeleteTableResponse(_message.Message):
    __slots__ = []
    def __init__(self) -> None: ...

class DescribeTableRequest(_message.Message):
    __slots__ = ["table_name"]
    TABLE_NAME_FIELD_NUMBER: _ClassVar[int]
    table_name: str
    def __init__(self, table_name: _Optional[str] = ...) -> None: ...

class DescribeTableResponse(_message.Message):
    __slots__ = ["creation_time", "index_metas", "reserved_throughput_details", "shard_splits", "sse_details", "stream_details", "table_meta", "table_options", "table_status"]
    CREATION_TIME_FIELD_NUMBER: _ClassVar[int]
    INDEX_METAS_FIELD_NUMBER: _ClassVar[int]
    RESERVED_THROUGHPUT_DETAILS_FIELD_NUMBER: _ClassVar[int]
    SHARD_SPLITS_FIELD_NUMBER: _ClassVar[int]
    SSE_DETAILS_FIELD_NUMBER: _ClassVar[int]
    STREAM_DETAILS_FIELD_NUMBER: _ClassVar[int]
    TABLE_META_FIELD_NUMBER: _ClassVar[int]
    TABLE_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    TABLE_STATUS_FIELD_NUMBER: _ClassVar[int]
    creation_time: int
    index_metas: _containers.RepeatedCompositeFieldContainer[IndexMeta]
    reserved_throughput_details: ReservedThroughputDetails
    shard_splits: _containers.RepeatedScalarFieldContainer[bytes]
    sse_details: SSESpecification
    stream_details: StreamDetails
    table_meta: TableMeta
    table_options: TableOptions
    table_status: TableStatus
    def __init__(self, table_meta: _Optional[_Union[TableMeta, _Mapping]] = ..., reserved_throughput_details: _Optional[_Union[ReservedThroughputDetails, _Mapping]] = ..., table_options: _Optional[_Union[TableOptions, _Mapping]] = ..., table_status: _Optional[_Union[TableStatus, str]] = ..., stream_details: _Optional[_Union[StreamDetails, _Mapping]] = ..., shard_splits: _Optional[_Iterable[bytes]] = ..., sse_details: _Optional[_Union[SSESpecification, _Mapping]] = ..., index_metas: _Optional[_Iterable[_Union[IndexMeta, _Mapping]]] = ..., creation_time: _Optional[int] = ...) -> None: ...

class DropIndexRequest(_message.Message):
    __slots__ = ["index_name", "main_table_name"]
    INDEX_NAME_FIELD_NUMBER: _ClassVar[int]
    MAIN_TABLE_NAME_FIELD_NUMBER: _ClassVar[int]
    index_name: str
    main_table_name: str
    def __init__(self, main_table_name: _Optional[str] = ..., index_name: _Optional[str] = ...) -> None: ...

class DropIndexResponse(_message.Message):
    __slots__ = []
    def __init__(self) -> None: ...

class EndTransactionRequest(_message.Message):
    __slots__ = ["transaction_id"]
    TRANSACTION_ID_FIELD_NUMBER: _ClassVar[int]
    transaction_id: str
    def __init__(self, transaction_id: _Optional[str] = ...) -> None: ...

class EndTransactionResponse(_message.Message):
    __slots__ = []
    def __init__(self) -> None: ...

class Error(_message.Message):
    __slots__ = ["code", "message"]
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    code: str
    message: str
    def __init__(self, code: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class Filter(_message.Message):
    __slots__ = ["filter", "type"]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    filter: bytes
    type: FilterType
    def __init__(self, type: _Optional[_Union[FilterType, str]] = ..., filter: _Optional[bytes] = ...) -> None: ...

class GetRangeRequest(_message.Message):
    __slots__ = ["columns_to_get", "direction", "end_column", "exclusive_end_primary_key", "filter", "inclusive_start_primary_key", "limit", "max_versions", "start_column", "table_name", "time_range", "token", "transaction_id"]
    COLUMNS_TO_GET_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    END_COLUMN_FIELD_NUMBER: _ClassVar[int]
    EXCLUSIVE_END_PRIMARY_KEY_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    INCLUSIVE_START_PRIMARY_KEY_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    MAX_VERSIONS_FIELD_NUMBER: _ClassVar[int]
    START_COLUMN_FIELD_NUMBER: _ClassVar[int]
    TABLE_NAME_FIELD_NUMBER: _ClassVar[int]
    TIME_RANGE_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    TRANSACTION_ID_FIELD_NUMBER: _ClassVar[int]
    columns_to_get: _containers.RepeatedScalarFieldContainer[str]
    direction: Direction
    end_column: str
    exclusive_end_primary_key: bytes
    filter: bytes
    inclusive_start_primary_key: bytes
    limit: int
    max_versions: int
    start_column: str
    table_name: str
    time_range: TimeRange
    token: bytes
    transaction_id: str
    def __init__(self, table_name: _Optional[str] = ..., direction: _Optional[_Union[Direction, str]] = ..., columns_to_get: _Optional[_Iterable[str]] = ..., time_range: _Optional[_Union[TimeRange, _Mapping]] = ..., max_versions: _Optional[int] = ..., limit: _Optional[int] = ..., inclusive_start_primary_key: _Optional[bytes] = ..., exclusive_end_primary_key: _Optional[bytes] = ..., filter: _Optional[bytes] = ..., start_column: _Optional[str] = ..., end_column: _Optional[str] = ..., token: _Optional[bytes] = ..., transaction_id: _Optional[str] = ...) -> None: ...

class GetRangeResponse(_message.Message):
    __slots__ = ["consumed", "next_start_primary_key", "next_token", "rows"]
    CONSUMED_FIELD_NUMBER: _ClassVar[int]
    NEXT_START_PRIMARY_KEY_FIELD_NUMBER: _ClassVar[int]
    NEXT_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    consumed: ConsumedCapacity
    next_start_primary_key: bytes
    next_token: bytes
    rows: bytes
    def __init__(self, consumed: _Optional[_Union[ConsumedCapacity, _Mapping]] = ..., rows: _Optional[bytes] = ..., next_start_primary_key: _Optional[bytes] = ..., next_token: _Optional[bytes] = ...) -> None: ...

class GetRowRequest(_message.Message):
    __slots__ = ["columns_to_get", "end_column", "filter", "max_versions", "primary_key", "start_column", "table_name", "time_range", "token", "transaction_id"]
    COLUMNS_TO_GET_FIELD_NUMBER: _ClassVar[int]
    END_COLUMN_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    MAX_VERSIONS_FIELD_NUMBER: _ClassVar[int]
    PRIMARY_KEY_FIELD_NUMBER: _ClassVar[int]
    START_COLUMN_FIELD_NUMBER: _ClassVar[int]
    TABLE_NAME_FIELD_NUMBER: _ClassVar[int]
    TIME_RANGE_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    TRANSACTION_ID_FIELD_NUMBER: _ClassVar[int]
    columns_to_get: _containers.RepeatedScalarFieldContainer[str]
    end_column: str
    filter: bytes
    max_versions: int
    primary_key: bytes
    start_column: str
    table_name: str
    time_range: TimeRange
    token: bytes
    transaction_id: str
    def __init__(self, table_name: _Optional[str] = ..., primary_key: _Optional[bytes] = ..., columns_to_get: _Optional[_Iterable[str]] = ..., time_range: _Optional[_Union[TimeRange, _Mapping]] = ..., max_versions: _Optional[int] = ..., filter: _Optional[bytes] = ..., start_column: _Optional[str] = ..., end_column: _Optional[str] = ..., token: _Optional[bytes] = ..., transaction_id: _Optional[str] = ...) -> None: ...

class GetRowResponse(_message.Message):
    __slots__ = ["consumed", "next_token", "row"]
    CONSUMED_FIELD_NUMBER: _ClassVar[int]
    NEXT_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ROW_FIELD_NUMBER: _ClassVar[int]
    consumed: ConsumedCapacity
    next_token: bytes
    row: bytes
    def __init__(self, consumed: _Optional[_Union[ConsumedCapacity, _Mapping]] = ..., row: _Optional[bytes] = ..., next_token: _Optional[bytes] = ...) -> None: ...

class IndexInfo(_message.Message):
    __slots__ = ["index_name", "table_name"]
    INDEX_NAME_FIELD_NUMBER: _ClassVar[int]
    TABLE_NAME_FIELD_NUMBER: _ClassVar[int]
    index_name: str
    table_name: str
    def __init__(self, table_name: _Optional[str] = ..., index_name: _Optional[str] = ...) -> None: ...

class IndexMeta(_message.Message):
    __slots__ = ["defined_column", "index_sync_phase", "index_type", "index_update_mode", "name", "primary_key"]
    DEFINED_COLUMN_FIELD_NUMBER: _ClassVar[int]
    INDEX_SYNC_PHASE_FIELD_NUMBER: _ClassVar[int]
    INDEX_TYPE_FIELD_NUMBER: _ClassVar[int]
    INDEX_UPDATE_MODE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PRIMARY_KEY_FIELD_NUMBER: _ClassVar[int]
    defined_column: _containers.RepeatedScalarFieldContainer[str]
    index_sync_phase: int
    index_type: IndexType
    index_update_mode: IndexUpdateMode
    name: str
    primary_key: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., primary_key: _Optional[_Iterable[str]] = ..., defined_column: _Optional[_Iterable[str]] = ..., index_update_mode: _Optional[_Union[IndexUpdateMode, str]] = ..., index_type: _Optional[_Union[IndexType, str]] = ..., index_sync_phase: _Optional[int] = ...) -> None: ...

class ListSearchIndexRequest(_message.Message):
    __slots__ = ["table_name"]
    TABLE_NAME_FIELD_NUMBER: _ClassVar[int]
    table_name: str
    def __init__(self, table_name: _Optional[str] = ...) -> None: ...

class ListSearchIndexResponse(_message.Message):
    __slots__ = ["indices"]
    INDICES_FIELD_NUMBER: _ClassVar[int]
    indices: _containers.RepeatedCompositeFieldContainer[IndexInfo]
    def __init__(self, indices: _Optional[_Iterable[_Union[IndexInfo, _Mapping]]] = ...) -> None: ...

class ListTableRequest(_message.Message):
    __slots__ = []
    def __init__(self) -> None: ...

class ListTableResponse(_message.Message):
    __slots__ = ["table_names"]
    TABLE_NAMES_FIELD_NUMBER: _ClassVar[int]
    table_names: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, table_names: _Optional[_Iterable[str]] = ...) -> None: ...

class ListTimeseriesTableRequest(_message.Message):
    __slots__ = []
    def __init__(self) -> None: ...

class ListTimeseriesTableResponse(_message.Message):
    __slots__ = []
    def __init__(self) -> None: ...

class PartitionRange(_message.Message):
    __slots__ = ["begin", "end"]
    BEGIN_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    begin: bytes
    end: bytes
    def __init__(self, begin: _Optional[bytes] = ..., end: _Optional[bytes] = ...) -> None: ...

class PrimaryKeySchema(_message.Message):
    __slots__ = ["name", "option", "type"]
    NAME_FIELD_NUMBER: _ClassVar[int]
    OPTION_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    name: str
    option: PrimaryKeyOption
    type: PrimaryKeyType
    def __init__(self, name: _Optional[str] = ..., type: _Optional[_Union[PrimaryKeyType, str]] = ..., option: _Optional[_Union[PrimaryKeyOption, str]] = ...) -> None: ...

class PutRowRequest(_message.Message):
    __slots__ = ["condition", "return_content", "row", "table_name", "transaction_id"]
    CONDITION_FIELD_NUMBER: _ClassVar[int]
    RETURN_CONTENT_FIELD_NUMBER: _ClassVar[int]
    ROW_FIELD_NUMBER: _ClassVar[int]
    TABLE_NAME_FIELD_NUMBER: _ClassVar[int]
    TRANSACTION_ID_FIELD_NUMBER: _ClassVar[int]
    condition: Condition
    return_content: ReturnContent
    row: bytes
    table_name: str
    transaction_id: str
    def __init__(self, table_name: _Optional[str] = ..., row: _Optional[bytes] = ..., condition: _Optional[_Union[Condition, _Mapping]] = ..., return_content: _Optional[_Union[ReturnContent, _Mapping]] = ..., transaction_id: _Optional[str] = ...) -> None: ...

class ReservedThroughput(_message.Message):
    __slots__ = ["capacity_unit"]
    CAPACITY_UNIT_FIELD_NUMBER: _ClassVar[int]
    capacity_unit: CapacityUnit
    def __init__(self, capacity_unit: _Optional[_Union[CapacityUnit, _Mapping]] = ...) -> None: ...

class ReservedThroughputDetails(_message.Message):
    __slots__ = ["capacity_unit", "last_decrease_time", "last_increase_time"]
    CAPACITY_UNIT_FIELD_NUMBER: _ClassVar[int]
    LAST_DECREASE_TIME_FIELD_NUMBER: _ClassVar[int]
    LAST_INCREASE_TIME_FIELD_NUMBER: _ClassVar[int]
    capacity_unit: CapacityUnit
    last_decrease_time: int
    last_increase_time: int
    def __init__(self, capacity_unit: _Optional[_Union[CapacityUnit, _Mapping]] = ..., last_increase_time: _Optional[int] = ..., last_decrease_time: _Optional[int] = ...) -> None: ...

class ReturnContent(_message.Message):
    __slots__ = ["return_column_names", "return_type"]
    RETURN_COLUMN_NAMES_FIELD_NUMBER: _ClassVar[int]
    RETURN_TYPE_FIELD_NUMBER: _ClassVar[int]
    return_column_names: _containers.RepeatedScalarFieldContainer[str]
    return_type: ReturnType
    def __init__(self, return_type: _Optional[_Union[ReturnType, str]] = ..., return_column_names: _Optional[_Iterable[str]] = ...) -> None: ...

class RowInBatchResponse(_message.Message):
    __slots__ = ["consumed", "error", "is_ok", "next_token", "row"]
    CONSUMED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    IS_OK_FIELD_NUMBER: _ClassVar[int]
    NEXT_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ROW_FIELD_NUMBER: _ClassVar[int]
    consumed: ConsumedCapacity
    error: Error
    is_ok: bool
    next_token: bytes
    row: bytes
    def __init__(self, is_ok: bool = ..., error: _Optional[_Union[Error, _Mapping]] = ..., consumed: _Optional[_Union[ConsumedCapacity, _Mapping]] = ..., row: _Optional[bytes] = ..., next_token: _Optional[bytes] = ...) -> None: ...

class RowInBatchWriteRowRequest(_message.Message):
    __slots__ = ["condition", "return_content", "row_change", "type"]
    CONDITION_FIELD_NUMBER: _ClassVar[int]
    RETURN_CONTENT_FIELD_NUMBER: _ClassVar[int]
    ROW_CHANGE_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    condition: Condition
    return_content: ReturnContent
    row_change: bytes
    type: OperationType
    def __init__(self, type: _Optional[_Union[OperationType, str]] = ..., row_change: _Optional[bytes] = ..., condition: _Optional[_Union[Condition, _Mapping]] = ..., return_content: _Optional[_Union[ReturnContent, _Mapping]] = ...) -> None: ...

class SSESpecification(_message.Message):
    __slots__ = ["enable", "key_id", "key_type", "role_arn"]
    ENABLE_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_TYPE_FIELD_NUMBER: _ClassVar[int]
    ROLE_ARN_FIELD_NUMBER: _ClassVar[int]
    enable: bool
    key_id: bytes
    key_type: int
    role_arn: bytes
    def __init__(self, enable: bool = ..., key_type: _Optional[int] = ..., key_id: _Optional[bytes] = ..., role_arn: _Optional[bytes] = ...) -> None: ...

class SingleColumnValueFilter(_message.Message):
    __slots__ = ["column_name", "column_value", "comparator", "filter_if_missing", "latest_version_only", "value_trans_rule"]
    COLUMN_NAME_FIELD_NUMBER: _ClassVar[int]
    COLUMN_VALUE_FIELD_NUMBER: _ClassVar[int]
    COMPARATOR_FIELD_NUMBER: _ClassVar[int]
    FILTER_IF_MISSING_FIELD_NUMBER: _ClassVar[int]
    LATEST_VERSION_ONLY_FIELD_NUMBER: _ClassVar[int]
    VALUE_TRANS_RULE_FIELD_NUMBER: _ClassVar[int]
    column_name: str
    column_value: bytes
    comparator: ComparatorType
    filter_if_missing: bool
    latest_version_only: bool
    value_trans_rule: ValueTransferRule
    def __init__(self, comparator: _Optional[_Union[ComparatorType, str]] = ..., column_name: _Optional[str] = ..., column_value: _Optional[bytes] = ..., filter_if_missing: bool = ..., latest_version_only: bool = ..., value_trans_rule: _Optional[_Union[ValueTransferRule, _Mapping]] = ...) -> None: ...

class StartLocalTransactionRequest(_message.Message):
    __slots__ = ["key", "table_name"]
    KEY_FIELD_NUMBER: _ClassVar[int]
    TABLE_NAME_FIELD_NUMBER: _ClassVar[int]
    key: bytes
    table_name: str
    def __init__(self, table_name: _Optional[str] = ..., key: _Optional[bytes] = ...) -> None: ...

class StartLocalTransactionResponse(_message.Message):
    __slots__ = ["transaction_id"]
    TRANSACTION_ID_FIELD_NUMBER: _ClassVar[int]
    transaction_id: str
    def __init__(self, transaction_id: _Optional[str] = ...) -> None: ...

class StreamDetails(_message.Message):
    __slots__ = ["enable_stream", "expiration_time", "last_enable_time", "stream_id"]
    ENABLE_STREAM_FIELD_NUMBER: _ClassVar[int]
    EXPIRATION_TIME_FIELD_NUMBER: _ClassVar[int]
    LAST_ENABLE_TIME_FIELD_NUMBER: _ClassVar[int]
    STREAM_ID_FIELD_NUMBER: _ClassVar[int]
    enable_stream: bool
    expiration_time: int
    last_enable_time: int
    stream_id: str
    def __init__(self, enable_stream: bool = ..., stream_id: _Optional[str] = ..., expiration_time: _Optional[int] = ..., last_enable_time: _Optional[int] = ...) -> None: ...

class StreamSpecification(_message.Message):
    __slots__ = ["enable_stream", "expiration_time"]
    ENABLE_STREAM_FIELD_NUMBER: _ClassVar[int]
    EXPIRATION_TIME_FIELD_NUMBER: _ClassVar[int]
    enable_stream: bool
    expiration_time: int
    def __init__(self, enable_stream: bool = ..., expiration_time: _Optional[int] = ...) -> None: ...

class TableInBatchGetRowRequest(_message.Message):
    __slots__ = ["columns_to_get", "end_column", "filter", "max_versions", "primary_key", "start_column", "table_name", "time_range", "token"]
    COLUMNS_TO_GET_FIELD_NUMBER: _ClassVar[int]
    END_COLUMN_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    MAX_VERSIONS_FIELD_NUMBER: _ClassVar[int]
    PRIMARY_KEY_FIELD_NUMBER: _ClassVar[int]
    START_COLUMN_FIELD_NUMBER: _ClassVar[int]
    TABLE_NAME_FIELD_NUMBER: _ClassVar[int]
    TIME_RANGE_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    columns_to_get: _containers.RepeatedScalarFieldContainer[str]
    end_column: str
    filter: bytes
    max_versions: int
    primary_key: _containers.RepeatedScalarFieldContainer[bytes]
    start_column: str
    table_name: str
    time_range: TimeRange
    token: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, table_name: _Optional[str] = ..., primary_key: _Optional[_Iterable[bytes]] = ..., token: _Optional[_Iterable[bytes]] = ..., columns_to_get: _Optional[_Iterable[str]] = ..., time_range: _Optional[_Union[TimeRange, _Mapping]] = ..., max_versions: _Optional[int] = ..., filter: _Optional[bytes] = ..., start_column: _Optional[str] = ..., end_column: _Optional[str] = ...) -> None: ...

class TableInBatchResponse(_message.Message):
    __slots__ = ["rows", "table_name"]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    TABLE_NAME_FIELD_NUMBER: _ClassVar[int]
    rows: _containers.RepeatedCompositeFieldContainer[RowInBatchResponse]
    table_name: str
    def __init__(self, table_name: _Optional[str] = ..., rows: _Optional[_Iterable[_Union[RowInBatchResponse, _Mapping]]] = ...) -> None: ...

class TableInBatchWriteRowRequest(_message.Message):
    __slots__ = ["rows", "table_name"]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    TABLE_NAME_FIELD_NUMBER: _ClassVar[int]
    rows: _containers.RepeatedCompositeFieldContainer[RowInBatchWriteRowRequest]
    table_name: str
    def __init__(self, table_name: _Optional[str] = ..., rows: _Optional[_Iterable[_Union[RowInBatchWriteRowRequest, _Mapping]]] = ...) -> None: ...

class TableMeta(_message.Message):
    __slots__ = ["defined_column", "primary_key", "table_id", "table_name"]
    DEFINED_COLUMN_FIELD_NUMBER: _ClassVar[int]
    PRIMARY_KEY_FIELD_NUMBER: _ClassVar[int]
    TABLE_ID_FIELD_NUMBER: _ClassVar[int]
    TABLE_NAME_FIELD_NUMBER: _ClassVar[int]
    defined_column: _containers.RepeatedCompositeFieldContainer[DefinedColumnSchema]
    primary_key: _containers.RepeatedCompositeFieldContainer[PrimaryKeySchema]
    table_id: int
    table_name: str
    def __init__(self, table_name: _Optional[str] = ..., primary_key: _Optional[_Iterable[_Union[PrimaryKeySchema, _Mapping]]] = ..., defined_column: _Optional[_Iterable[_Union[DefinedColumnSchema, _Mapping]]] = ..., table_id: _Optional[int] = ...) -> None: ...

class TableOptions(_message.Message):
    __slots__ = ["allow_update", "deviation_cell_version_in_sec", "max_versions", "time_to_live", "update_full_row"]
    ALLOW_UPDATE_FIELD_NUMBER: _ClassVar[int]
    DEVIATION_CELL_VERSION_IN_SEC_FIELD_NUMBER: _ClassVar[int]
    MAX_VERSIONS_FIELD_NUMBER: _ClassVar[int]
    TIME_TO_LIVE_FIELD_NUMBER: _ClassVar[int]
    UPDATE_FULL_ROW_FIELD_NUMBER: _ClassVar[int]
    allow_update: bool
    deviation_cell_version_in_sec: int
    max_versions: int
    time_to_live: int
    update_full_row: bool
    def __init__(self, time_to_live: _Optional[int] = ..., max_versions: _Optional[int] = ..., deviation_cell_version_in_sec: _Optional[int] = ..., allow_update: bool = ..., update_full_row: bool = ...) -> None: ...

class TimeRange(_message.Message):
    __slots__ = ["end_time", "specific_time", "start_time"]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    SPECIFIC_TIME_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    end_time: int
    specific_time: int
    start_time: int
    def __init__(self, start_time: _Optional[int] = ..., end_time: _Optional[int] = ..., specific_time: _Optional[int] = ...) -> None: ...

class UpdateRowRequest(_message.Message):
    __slots__ = ["condition", "return_content", "row_change", "table_name", "transaction_id"]
    CONDITION_FIELD_NUMBER: _ClassVar[int]
    RETURN_CONTENT_FIELD_NUMBER: _ClassVar[int]
    ROW_CHANGE_FIELD_NUMBER: _ClassVar[int]
    TABLE_NAME_FIELD_NUMBER: _ClassVar[int]
    TRANSACTION_ID_FIELD_NUMBER: _ClassVar[int]
    condition: Condition
    return_content: ReturnContent
    row_change: bytes
    table_name: str
    transaction_id: str
    def __init__(self, table_name: _Optional[str] = ..., row_change: _Optional[bytes] = ..., condition: _Optional[_Union[Condition, _Mapping]] = ..., return_content: _Optional[_Union[ReturnContent, _Mapping]] = ..., transaction_id: _Optional[str] = ...) -> None: ...

class UpdateTableRequest(_message.Message):
    __slots__ = ["reserved_throughput", "stream_spec", "table_name", "table_options"]
    RESERVED_THROUGHPUT_FIELD_NUMBER: _ClassVar[int]
    STREAM_SPEC_FIELD_NUMBER: _ClassVar[int]
    TABLE_NAME_FIELD_NUMBER: _ClassVar[int]
    TABLE_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    reserved_throughput: ReservedThroughput
    stream_spec: StreamSpecification
    table_name: str
    table_options: TableOptions
    def __init__(self, table_name: _Optional[str] = ..., reserved_throughput: _Optional[_Union[ReservedThroughput, _Mapping]] = ..., table_options: _Optional[_Union[TableOptions, _Mapping]] = ..., stream_spec: _Optional[_Union[StreamSpecification, _Mapping]] = ...) -> None: ...

class UpdateTableResponse(_message.Message):
    __slots__ = ["reserved_throughput_details", "stream_details", "table_options"]
    RESERVED_THROUGHPUT_DETAILS_FIELD_NUMBER: _ClassVar[int]
    STREAM_DETAILS_FIELD_NUMBER: _ClassVar[int]
    TABLE_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    reserved_throughput_details: ReservedThroughputDetails
    stream_details: StreamDetails
    table_options: TableOptions
    def __init__(self, reserved_throughput_details: _Optional[_Union[ReservedThroughputDetails, _Mapping]] = ..., table_options: _Optional[_Union[TableOptions, _Mapping]] = ..., stream_details: _Optional[_Union[StreamDetails, _Mapping]] = ...) -> None: ...

class ValueTransferRule(_message.Message):
    __slots__ = ["cast_type", "regex"]
    CAST_TYPE_FIELD_NUMBER: _ClassVar[int]
    REGEX_FIELD_NUMBER: _ClassVar[int]
    cast_type: VariantType
    regex: str
    def __init__(self, regex: _Optional[str] = ..., cast_type: _Optional[_Union[VariantType, str]] = ...) -> None: ...

class WriteRowResponse(_message.Message):
    __slots__ = ["consumed", "row"]
    CONSUMED_FIELD_NUMBER: _ClassVar[int]
    ROW_FIELD_NUMBER: _ClassVar[int]
    consumed: ConsumedCapacity
    row: bytes
    def __init__(self, consumed: _Optional[_Union[ConsumedCapacity, _Mapping]] = ..., row: _Optional[bytes] = ...) -> None: ...

class PrimaryKeyType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []

class PrimaryKeyOption(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []

class DefinedColumnType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []

class IndexUpdateMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []

class IndexType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []

class TableStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []

class RowExistenceExpectation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []

class FilterType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []

class VariantType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []

class ComparatorType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []

class LogicalOperator(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []

class ReturnType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []

class OperationType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []

class Direction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []
