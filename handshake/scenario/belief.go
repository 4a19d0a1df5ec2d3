package scenario

import (
	"strings"

	"tlslab/handshake"
	"tlslab/handshake/reason"
)

// Belief is what one end holds to be so at the end of a flow, by its own Summary, and
// what is so. It is the Value of each value of a "mitm_beliefs" scene.
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
	i.scene("", "mitm_beliefs", value("client", client), value("server", server))
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
