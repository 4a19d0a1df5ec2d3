package switches

import (
	"tlslab/handshake/certcompress"
	"tlslab/handshake/certcompress/zstd"
)

// In a browser the same but for brotli, whose library links net/http: with it the offline lab
// would be half a megabyte larger.
var compressions = []*certcompress.Method{zstd.Method, certcompress.Zlib}

var elsewhere = []string{"brotli"}
