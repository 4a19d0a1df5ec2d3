// Package capture is the verb proxy: its flags and options (proxy.go), its authority
// (authority.go), the list of what passes (list.go, json.go; what a fault is called: fault.go, and as a page: faultpage.go), and the files it fills (files.go).
//
// The proxy itself is package mitm/proxy. Read proxy.go first.
package capture
