package message_test

import (
	"fmt"

	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/wire"
)

func Example() {
	hello := &message.ClientHello{Version: iana.TLS12, CipherSuites: []iana.CipherSuite{0xc02f}, Compressions: []iana.Compression{0}}
	hello.Extensions.Add(&message.ServerName{Name: "www.lab.test"})
	var fields []wire.Field
	b, err := message.Marshal(hello, &fields)
	fmt.Println(len(b), "bytes", err)
	for _, f := range fields {
		if b, bytes := f.Value.([]byte); bytes {
			f.Value = fmt.Sprintf("%x", b)
		}
		if f.Leaf() {
			fmt.Println(f.Off, f.Name, "=", f.Value)
		}
	}
	// Output:
	// 68 bytes <nil>
	// 0 client_hello.msg_type = client_hello
	// 1 client_hello.length = 64
	// 4 client_hello.client_version = TLS 1.2
	// 6 client_hello.random = 0000000000000000000000000000000000000000000000000000000000000000
	// 38 client_hello.session_id.length = 0
	// 39 client_hello.cipher_suites.length = 2
	// 41 client_hello.cipher_suites.suite = TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
	// 43 client_hello.compression_methods.length = 1
	// 44 client_hello.compression_methods.method = null
	// 45 client_hello.extensions.length = 21
	// 47 client_hello.extensions.server_name.extension_type = server_name
	// 49 client_hello.extensions.server_name.length = 17
	// 51 client_hello.extensions.server_name.server_name_list.length = 15
	// 53 client_hello.extensions.server_name.name_type = host_name
	// 54 client_hello.extensions.server_name.host_name.length = 12
	// 56 client_hello.extensions.server_name.host_name = www.lab.test
}
