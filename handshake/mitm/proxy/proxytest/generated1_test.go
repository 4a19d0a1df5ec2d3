package proxytest_test

import (
	"fmt"
	"slices"

	"tlslab/handshake/mitm/proxy/proxytest"
	"tlslab/handshake/mitm/relay"
)

// framed is a message behind its first line: how it says where its body ends, and in which pieces
// it comes.
type framed struct {
	name   string
	pieces []string
	ends   bool // the end of the connection ends it
}

var bodies = []framed{
	{"no body", []string{"Content-Length: 0\r\n\r\n"}, false},
	{"a length", []string{"Content-Length: 5\r\n\r\nhello"}, false},
	{"a length in pieces", []string{"Content-Length: 5\r\n\r\n", "he", "llo"}, false},
	{"chunks", []string{"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"}, false},
	{"chunks in pieces", []string{"Transfer-Encoding: chunked\r\n\r\n", "2\r\nh", "e\r\n", "3\r\nllo\r\n", "0\r\n\r\n"}, false},
	{"chunks and a trailer", []string{"Trailer: Sum\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "0\r\nSum: 1\r\nMore:\r\n\r\n"}, false},
}

// generated is every method with every kind of reply, and every kind of body with every beginning
// of a reply.
func generated() (out []exchange) {
	replies := append([]framed{{"the end", []string{"X: y\r\n\r\nhel", "lo"}, true}}, bodies...)
	for _, method := range []string{"GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND", "M-SEARCH", "TRACE", "QUERY"} {
		for _, r := range replies {
			x := exchange{Name: method + ", answered with " + r.name, Steps: steps(c(method + " @/p HTTP/1.1\r\nHost: www.lab.test\r\n\r\n"))}
			out = append(out, answered(x, "HTTP/1.1 200 OK\r\n", r))
		}
	}
	for _, r := range bodies {
		for _, status := range []string{"200 OK", "304 Not Modified", "404 Not Found"} {
			x := exchange{Name: "HEAD, answered with " + status + " and " + r.name, Steps: steps(c("HEAD @/ HTTP/1.1\r\nHost: www.lab.test\r\n\r\n"))}
			head := r.pieces[0]
			for i := range len(head) - 3 {
				if head[i:i+4] == "\r\n\r\n" {
					head = head[:i+4]
					break
				}
			}
			x.Steps = append(x.Steps, s("HTTP/1.1 "+status+"\r\n"+head), c(get), s(ok))
			out = append(out, x)
		}
	}
	for _, b := range bodies {
		for _, before := range []string{"", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"} {
			for _, r := range replies {
				x := exchange{Name: fmt.Sprintf("POST of %s, answered with %s%s", b.name, firstWords(before), r.name)}
				for i, p := range b.pieces {
					if i == 0 {
						p = post + p
					}
					x.Steps = append(x.Steps, c(p))
					if i == 0 && before != "" {
						x.Steps = append(x.Steps, s(before))
					}
				}
				out = append(out, answered(x, "HTTP/1.1 201 Created\r\n", r))
			}
		}
	}
	return out
}

func firstWords(head string) string {
	if head == "" {
		return ""
	}
	return head[len("HTTP/1.1 "):len("HTTP/1.1 100")] + " and "
}

// answered is x with a reply, and another exchange behind it if the connection is still good.
func answered(x exchange, first string, r framed) exchange {
	for i, p := range r.pieces {
		if i == 0 {
			p = first + p
		}
		x.Steps = append(x.Steps, s(p))
	}
	if r.ends {
		x.Steps = append(x.Steps, proxytest.SDoes(proxytest.Ends))
		return x
	}
	x.Steps = append(x.Steps, c(get), s(ok))
	return x
}

// endings are an end of either side's, of every kind, at every point of an exchange.
func endings() (out []exchange) {
	points := []struct {
		name  string
		steps []step
		none  bool // a reply is due, and nothing of it has come
	}{
		{"unasked", steps(), false},
		{"amid a request's head", steps(c("GET @/ HTTP/1.1\r\nHost: www").Heard("")), false},
		{"amid a request's body", steps(c(post + "Content-Length: 9\r\n\r\nhalf")), true},
		{"amid a request's chunk", steps(c(post + "Transfer-Encoding: chunked\r\n\r\n9\r\nhalf")), true},
		{"between a request's chunks", steps(c(post + "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")), true},
		{"unanswered", steps(c(get)), true},
		{"behind a 103", steps(c(get), s("HTTP/1.1 103 Early Hints\r\n\r\n")), true},
		{"amid a reply's body", steps(c(get), s("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")), false},
		{"amid a reply's chunk", steps(c(get), s("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf")), false},
		{"between a reply's chunks", steps(c(get), s("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")), false},
		{"amid a reply to the end", steps(c(get), s("HTTP/1.1 200 OK\r\n\r\nhalf")), false},
		{"amid a reply to half a request", steps(c(post+"Content-Length: 9\r\n\r\nhalf"), s("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")), false},
		{"behind a reply", steps(c(get), s(ok)), false},
		{"behind two", steps(c(get), s(ok), c(get), s(ok)), false},
		{"amid the bytes of an upgrade", steps(c("GET @/ HTTP/1.1\r\nHost: www.lab.test\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"), s("HTTP/1.1 101 Yes\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhi"), c("ho")), false},
	}
	for _, p := range points {
		for _, who := range []relay.Side{relay.Client, relay.Server} {
			for _, how := range []proxytest.Act{proxytest.Ends, proxytest.Halves, proxytest.Cuts, proxytest.Resets} {
				x := exchange{Name: fmt.Sprintf("the %s %s %s", who, how, p.name), Steps: slices.Clone(p.steps)}
				end := step{Who: who, Do: how}
				for _, s := range x.Steps {
					if s.Changed() {
						x.Exceptions = append(x.Exceptions, proxytest.HalfHeads)
					}
				}
				if len(p.steps) == 0 || x.Exceptions != nil { // in clear there is no server yet
					x.NotIn = []proxytest.Form{proxytest.Forward, proxytest.Tunnel}
				}
				if who == relay.Server && p.none {
					end = end.Refused(502, "")
					x.Exceptions = append(x.Exceptions, proxytest.NoReply)
				}
				x.Steps = append(x.Steps, end)
				if how == proxytest.Halves { // the other has heard it, and ends too
					x.Steps = append(x.Steps, step{Who: who.Other(), Do: proxytest.Ends})
				}
				out = append(out, x)
			}
		}
	}
	return out
}
