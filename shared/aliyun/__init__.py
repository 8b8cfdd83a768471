"""The one place that knows Alibaba Cloud's SDKs: credentials of the invocation, a client each."""
