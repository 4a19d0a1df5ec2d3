package interop_test

import ()

// TLS 1.3 with openssl s_client: see openssl13_test.go for what both roles need.
