"""The HTTP side of Function Compute: custom domain, HTTP trigger and API Gateway, on one port."""
