// What the official Node SDK does with the local Tablestore, case by case. Prints one JSON object:
// {case: what it came to}. An error of the service is {status, message}.
'use strict';
const TableStore = require('tablestore');

const place = JSON.parse(process.argv[2]);
const { Long } = TableStore;
const client = new TableStore.Client({
  accessKeyId: place.access_key_id,
  secretAccessKey: place.access_key_secret,
  endpoint: place.endpoint,
  instancename: 'local',
  maxRetries: 0,
});
const ignore = new TableStore.Condition(TableStore.RowExistenceExpectation.IGNORE, null);
const key = (p, s) => [{ p }, { s: Long.fromNumber(s) }];
const plain = (value) => (value && value.toNumber ? value.toNumber() : Buffer.isBuffer(value) ? `bytes:${value.toString('hex')}` : value);
const columns = (row) => {
  if (!row || !row.attributes) return null;
  return Object.fromEntries(row.attributes.map((each) => [each.columnName, plain(each.columnValue)]));
};
const keyOf = (row) => row.primaryKey.map((each) => plain(each.value));
const refusal = async (work) => {
  try {
    await work();
  } catch (error) {
    return { status: error.code, message: error.message };
  }
  return 'not refused';
};

async function createTable(name, more = {}) {
  await client.createTable({
    tableMeta: {
      tableName: name,
      primaryKey: [{ name: 'p', type: 'STRING' }, { name: 's', type: 'INTEGER' }],
      definedColumn: [
        { name: 'c', type: TableStore.DefinedColumnType.DCT_STRING },
        { name: 'n', type: TableStore.DefinedColumnType.DCT_INTEGER },
      ],
    },
    reservedThroughput: { capacityUnit: { read: 0, write: 0 } },
    tableOptions: { timeToLive: -1, maxVersions: 1 },
    streamSpecification: { enableStream: false },
    ...more,
  });
}
const put = (p, s, values, more = {}) =>
  client.putRow({
    tableName: 't',
    condition: ignore,
    primaryKey: key(p, s),
    attributeColumns: Object.entries(values).map(([name, value]) => ({ [name]: value })),
    ...more,
  });
const get = async (p, s, more = {}) =>
  columns((await client.getRow({ tableName: 't', primaryKey: key(p, s), maxVersions: 1, ...more })).row);

const cases = {
  async tables() {
    await createTable('t');
    const listed = await client.listTable({});
    const described = await client.describeTable({ tableName: 't' });
    return {
      listed: listed.tableNames || listed.table_names,
      key: described.tableMeta.primaryKey.map((each) => each.name),
      max_versions: described.tableOptions.maxVersions,
    };
  },

  async values() {
    await put('values', 1, {
      text: '验证码', number: Long.fromNumber(-5), yes: true, real: 1.5, bytes: Buffer.from([0, 255]),
    });
    return get('values', 1);
  },

  async nothing() {
    return get('nobody', 1);
  },

  async condition() {
    await put('cond', 1, { n: Long.fromNumber(1) });
    const below = new TableStore.SingleColumnCondition(
      'n', Long.fromNumber(1), TableStore.ComparatorType.LESS_THAN, false,
    );
    const condition = new TableStore.Condition(TableStore.RowExistenceExpectation.EXPECT_EXIST, below);
    return refusal(() => put('cond', 1, { n: Long.fromNumber(9) }, { condition }));
  },

  async increment() {
    await put('inc', 1, { n: Long.fromNumber(40) });
    const answer = await client.updateRow({
      tableName: 't',
      condition: ignore,
      primaryKey: key('inc', 1),
      updateOfAttributeColumns: [{ INCREMENT: [{ n: Long.fromNumber(2) }] }],
      returnContent: { returnColumns: ['n'], returnType: TableStore.ReturnType.AfterModify },
    });
    return { returned: columns(answer.row), read: await get('inc', 1) };
  },

  async update() {
    await put('upd', 1, { a: 'x', b: 'y' });
    await client.updateRow({
      tableName: 't',
      condition: ignore,
      primaryKey: key('upd', 1),
      updateOfAttributeColumns: [{ PUT: [{ c: 'z' }] }, { DELETE_ALL: ['a'] }],
    });
    return get('upd', 1);
  },

  async delete() {
    await put('del', 1, { a: 'x' });
    await client.deleteRow({ tableName: 't', condition: ignore, primaryKey: key('del', 1) });
    return get('del', 1);
  },

  async batch() {
    const row = (type, s, attributeColumns, condition = ignore) => ({
      type, condition, primaryKey: key('batch', s), attributeColumns,
      returnContent: { returnType: TableStore.ReturnType.Primarykey },
    });
    const exists = new TableStore.Condition(TableStore.RowExistenceExpectation.EXPECT_EXIST, null);
    const written = await client.batchWriteRow({
      tables: [{
        tableName: 't',
        rows: [row('PUT', 1, [{ a: 'x' }]), row('UPDATE', 2, [{ PUT: [{ a: 'y' }] }]), row('PUT', 3, [{ a: 'z' }], exists)],
      }],
    });
    const read = await client.batchGetRow({
      tables: [{ tableName: 't', primaryKey: [key('batch', 1), key('batch', 2), key('batch', 3)], maxVersions: 1 }],
    });
    return {
      ok: written.tables.map((each) => each.isOk),
      codes: written.tables.map((each) => each.errorCode || null),
      read: read.tables[0].map((each) => columns(each)),
    };
  },

  async range() {
    for (let s = 0; s < 5; s += 1) await put('range', s, { n: Long.fromNumber(s) });
    const found = [];
    let start = [{ p: 'range' }, { s: TableStore.INF_MIN }];
    let pages = 0;
    while (start) {
      const answer = await client.getRange({
        tableName: 't',
        direction: TableStore.Direction.FORWARD,
        inclusiveStartPrimaryKey: start,
        exclusiveEndPrimaryKey: [{ p: 'range' }, { s: TableStore.INF_MAX }],
        maxVersions: 1,
        limit: 2,
      });
      pages += 1;
      found.push(...answer.rows.map((row) => keyOf(row)[1]));
      const next = answer.nextStartPrimaryKey;
      start = next && [{ p: next[0].value }, { s: next[1].value }];
    }
    return { pages, found };
  },

  async wide_row() {
    const values = {};
    for (let i = 0; i < 10; i += 1) values[`col${i}`] = Long.fromNumber(i);
    await put('wide', 1, values);
    const pages = [];
    for (let offset = 0; offset < 10; offset += 4) {
      const columnFilter = new TableStore.ColumnPaginationFilter(4, offset);
      pages.push(Object.keys((await get('wide', 1, { columnFilter })) || {}));
    }
    return { pages, between: Object.keys(await get('wide', 1, { startColumn: 'col3', endColumn: 'col5' })) };
  },

  async numbered() {
    await client.createTable({
      tableMeta: {
        tableName: 'numbered',
        primaryKey: [{ name: 'p', type: 'STRING' }, { name: 's', type: 'INTEGER', option: 'AUTO_INCREMENT' }],
      },
      reservedThroughput: { capacityUnit: { read: 0, write: 0 } },
      tableOptions: { timeToLive: -1, maxVersions: 1 },
    });
    const numbers = [];
    for (let i = 0; i < 2; i += 1) {
      const answer = await client.putRow({
        tableName: 'numbered',
        condition: ignore,
        primaryKey: [{ p: 'a' }, { s: TableStore.PK_AUTO_INCR }],
        attributeColumns: [{ a: 'x' }],
        returnContent: { returnType: TableStore.ReturnType.Primarykey },
      });
      numbers.push(keyOf(answer.row)[1]);
    }
    return numbers[0] < numbers[1];
  },

  async index() {
    await createTable('indexed', { indexMetas: [{ name: 'by_c', primaryKey: ['c'], definedColumn: ['n'] }] });
    await client.putRow({
      tableName: 'indexed', condition: ignore, primaryKey: key('a', 1),
      attributeColumns: [{ c: 'red' }, { n: Long.fromNumber(7) }],
    });
    const answer = await client.getRow({
      tableName: 'by_c', primaryKey: [{ c: 'red' }, { p: 'a' }, { s: Long.fromNumber(1) }], maxVersions: 1,
    });
    await client.dropIndex({ mainTableName: 'indexed', indexName: 'by_c' });
    const described = await client.describeTable({ tableName: 'indexed' });
    return { row: columns(answer.row), left: (described.indexMetas || []).length };
  },

  async transaction() {
    const begin = async () =>
      (await client.startLocalTransaction({ tableName: 't', primaryKey: [{ p: 'txn' }] })).transactionId;
    let transactionId = await begin();
    await put('txn', 1, { a: 'x' }, { transactionId });
    const outside = await get('txn', 1);
    const inside = await get('txn', 1, { transactionId });
    const locked = await refusal(() => put('txn', 2, { a: 'y' }));
    await client.commitTransaction({ transactionId });
    const committed = await get('txn', 1);
    transactionId = await begin();
    await put('txn', 1, { a: 'z' }, { transactionId });
    // The SDK reads the answer as the request, which has an id, and fails: its own fault.
    await refusal(() => client.abortTransaction({ transactionId }));
    const over = await refusal(() => client.commitTransaction({ transactionId }));
    return { outside, inside, locked, committed, aborted: await get('txn', 1), over };
  },

  async no_table() {
    return refusal(() => client.describeTable({ tableName: 'nowhere' }));
  },

  async wrong_secret() {
    const stranger = new TableStore.Client({
      accessKeyId: place.access_key_id, secretAccessKey: 'wrong', endpoint: place.endpoint,
      instancename: 'local', maxRetries: 0,
    });
    return refusal(() => stranger.listTable({}));
  },
};

(async () => {
  const told = {};
  for (const [name, work] of Object.entries(cases)) {
    try {
      told[name] = await work();
    } catch (error) {
      told[name] = { failed: String((error && error.stack) || error) };
    }
    if (told[name] === undefined) told[name] = null;
  }
  process.stdout.write(JSON.stringify(told));
  process.exit(0);
})();
