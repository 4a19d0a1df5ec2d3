// Package proxytest is for tests of the capture proxy: origins, a proxy with a CA of its own and
// a record of what it told, and a scripted client and server that know no HTTP library.
//
// An Exchange is what a client and a server say, when, and how they end. It is played in a Form:
// directly, or by way of the proxy, in clear, in TLS, with HTTP/1.1 or HTTP/2. What each end heard
// is a Transcript, and a relay that changes nothing leaves the same as no relay does. What the RFCs
// have a relay change is an Exception, which an Exchange names, with the bytes that come of it.
//
// It is for tests only: it takes a testing.TB, and no program links it. Read exchange.go, then
// play.go; frames.go is HTTP/2. Origins are in origin.go, the proxy is in proxy.go.
package proxytest
