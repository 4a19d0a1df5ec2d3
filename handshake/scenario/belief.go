package scenario

import (
	"strings"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/reason"
)

// Belief is what one end holds to be so at the end of a flow, by its own Summary, and
// what is so.
type Belief struct {
	Party string // "client" or "server"
	// Peer is whom the party takes the other end for, by the certificate that was shown;
	// "" if none was.
	Peer    string
	Anchor  string // the trust anchor by which it believes that; "" if by none
	Over    error  // the failed check that its user let pass, or nil
	Done    bool   // the handshake is complete, as far as this end knows
	Refused error  // why it refused, or nil
	Asked   bool   // a client certificate was asked for
	Truth   string // the party at the other end; "" where nobody ever was

	Sent, Received, OtherSent string
}

// Beliefs is what client and server believe at the end of a flow with an interceptor.
type Beliefs struct {
	event.Meta
	Client, Server Belief
}

// Key returns SceneBeliefs.
func (*Beliefs) Key() event.SceneKey { return SceneBeliefs }

// Values are both.
func (b *Beliefs) Values() []event.Value {
	return []event.Value{value("client", b.Client), value("server", b.Server)}
}

// Values are the parts of a belief: of those that are errors the ones that there are.
func (b Belief) Values() []event.Value {
	values := []event.Value{value("party", b.Party), value("peer", b.Peer), value("anchor", b.Anchor)}
	if b.Over != nil {
		values = append(values, value("overridden", b.Over))
	}
	values = append(values, value("done", b.Done))
	if b.Refused != nil {
		values = append(values, value("refused", b.Refused))
	}
	return append(values, value("certificate_requested", b.Asked), value("truth", b.Truth),
		value("sent", b.Sent), value("received", b.Received), value("other_sent", b.OtherSent))
}

// believe tells what client and server believe.
func (i *interception) believe(boxToServer, boxToClient *handshake.Endpoint) {
	c, s := &i.down.c, &i.up.s
	client, server := belief(c), belief(s)
	client.Truth, server.Truth = "mitm", "mitm"
	if boxToClient == nil {
		client.Truth, server.Truth = "server", "client"
	} else if boxToServer == nil {
		server.Truth = "" // the box never got so far as to call it
	}
	if client.Done {
		client.Sent = i.o.request()
	}
	if strings.HasPrefix(string(s.got), i.changed(i.o.request())) {
		server.Sent = i.o.reply()
	}
	if string(c.got) == i.changed(i.o.reply()) {
		client.Sent += i.o.farewell()
	}
	client.OtherSent, server.OtherSent = server.Sent, client.Sent
	i.Scene("", &Beliefs{Client: client, Server: server})
}

// belief is what an end's Summary says.
func belief(e *end) Belief {
	sum := e.ep.Summary()
	b := Belief{Party: e.party, Done: e.ep.Done(), Asked: sum.CertificateRequested, Received: string(e.got)}
	if err := e.ep.Err(); err != nil && reason.Of(err) != reason.PeerAlert {
		b.Refused = err
	}
	if len(sum.PeerChain) > 0 {
		b.Peer = commonName(sum.PeerChain[0])
	}
	if sum.Report != nil {
		b.Anchor = commonName(anchor(sum.Report))
		if sum.Report.Err != nil && b.Refused == nil {
			b.Over = sum.Report.Err
		}
	}
	return b
}
