"""The local cloud's SMS service: Dysmsapi 2017-05-25 on the wire."""
