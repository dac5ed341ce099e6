"""Rotates the key of a device, resets its secret and binds addresses to an identity key, over gRPC."""
