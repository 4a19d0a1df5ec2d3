package proxytest

// Form is a way from a client to a server.
type Form string

// The forms.
const (
	Direct  Form = "direct"          // in clear
	Forward Form = "forward"         // in clear, the client names the server in each request
	Tunnel  Form = "tunnel in clear" // behind CONNECT
	Direct1 Form = "direct TLS"      // HTTP/1.1
	Tunnel1 Form = "TLS"             // behind CONNECT
	Behind1 Form = "reverse TLS"     // the proxy is in the server's place
	Direct2 Form = "direct HTTP/2"   // in TLS
	Tunnel2 Form = "HTTP/2"          // behind CONNECT
	Behind2 Form = "reverse, HTTP/2" // the proxy is in the server's place
)

// Forms lists every Form that goes by way of the proxy.
func Forms() []Form { return []Form{Forward, Tunnel, Tunnel1, Behind1, Tunnel2, Behind2} }

// Without is the form without the proxy.
func (f Form) Without() Form {
	switch f {
	case Direct, Forward, Tunnel:
		return Direct
	case Direct1, Tunnel1, Behind1:
		return Direct1
	}
	return Direct2
}

func (f Form) direct() bool { return f == f.Without() }

func (f Form) http2() bool { return f.Without() == Direct2 }

func (f Form) tls() bool { return f.Without() != Direct }

// protocols is what both ends speak of ALPN.
func (f Form) protocols() []string {
	if f.http2() {
		return []string{"h2"}
	}
	return []string{"http/1.1"}
}
