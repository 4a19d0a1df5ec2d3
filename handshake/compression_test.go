package handshake_test

import (
	"tlslab/handshake/certcompress"
	"tlslab/handshake/certcompress/brotli"
	"tlslab/handshake/certcompress/zstd"
)

// allCompressions are the methods for certificates that there are, of which the engine itself
// links zlib alone.
var allCompressions = []*certcompress.Method{zstd.Method, brotli.Method, certcompress.Zlib}
