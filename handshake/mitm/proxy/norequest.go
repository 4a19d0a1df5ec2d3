package proxy

import "fmt"

// NoRequest is what a client has said that is no request to this proxy.
type NoRequest struct {
	Why NoRequestWhy
	Got string // what it said, as far as that says more; a peer's words
}

// NoRequestWhy says what is wrong with it. It is a stable key.
type NoRequestWhy string

// What can be wrong.
const (
	NotHTTP          NoRequestWhy = "not_http"   // the first byte: Got
	NotSOCKS         NoRequestWhy = "not_socks"  // the same
	ConnectTarget    NoRequestWhy = "target"     // of CONNECT, which is not HOST:PORT
	ConnectMalformed NoRequestWhy = "malformed"  // CONNECT's head
	ConnectBehind    NoRequestWhy = "behind"     // CONNECT behind another request
	NamesNoServer    NoRequestWhy = "no_server"  // a target
	OtherScheme      NoRequestWhy = "scheme"     // a target's, which is not http
	BadPort          NoRequestWhy = "port"       // a target's
	SOCKSAuth        NoRequestWhy = "socks_auth" // it wants to authenticate itself
	SOCKSCommand     NoRequestWhy = "socks_command"
	SOCKSAddress     NoRequestWhy = "socks_address" // of a type that is not known
	SOCKSEmptyName   NoRequestWhy = "socks_empty"
)

// noRequests is each of them in English.
var noRequests = map[NoRequestWhy]string{
	NotHTTP:          "byte %s is not the beginning of an HTTP request",
	NotSOCKS:         "byte %s is not the beginning of SOCKS5",
	ConnectTarget:    "CONNECT %s: it takes HOST:PORT",
	ConnectMalformed: "the head of CONNECT is none: %s",
	ConnectBehind:    "CONNECT behind another request: it wants a connection of its own",
	NamesNoServer:    "%s names no server",
	OtherScheme:      "a request for %s: https goes by CONNECT, and others do not go",
	BadPort:          "%s is no port",
	SOCKSAuth:        "the SOCKS client wants to authenticate itself, and there is nothing to do so with",
	SOCKSCommand:     "SOCKS command %s: only CONNECT is there",
	SOCKSAddress:     "SOCKS address type %s",
	SOCKSEmptyName:   "SOCKS: an empty name",
}

// NoRequestWhys lists every NoRequestWhy.
func NoRequestWhys() []NoRequestWhy {
	return []NoRequestWhy{NotHTTP, NotSOCKS, ConnectTarget, ConnectMalformed, ConnectBehind, NamesNoServer, OtherScheme, BadPort, SOCKSAuth, SOCKSCommand, SOCKSAddress, SOCKSEmptyName}
}

func (e *NoRequest) Error() string {
	if e.Got == "" {
		return noRequests[e.Why]
	}
	return fmt.Sprintf(noRequests[e.Why], e.Got)
}
