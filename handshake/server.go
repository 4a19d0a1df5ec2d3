package handshake

import (
	"tlslab/handshake/certcompress"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/sig"
	"tlslab/handshake/suite"
)

// server is what a server's rows work on in both versions. After the handshake only the
// Endpoint stays.
type server struct {
	*Endpoint
	*serverHandshake
}

type serverHandshake struct {
	hello       *message.ClientHello
	random      message.Random
	certificate *Certificate
	scheme      *sig.Scheme
	answerName  bool
	giveTicket  bool
	usedTicket  [32]byte // the hash of the one marked as used in this handshake
	staple      bool
	timestamps  bool // of the certificate, go out
	peerLimit   int  // the record_size_limit to be heeded; 0: none
}

// server12 is what the rows of TLS 1.2 work on.
type server12 struct {
	*server
	*serverHandshake12
}

type serverHandshake12 struct {
	keys12
	common      []kx.Group // that both ends have and the suite can use, by our preference
	offer       kx.Offer
	renewTicket bool // the session came out of a ticket under the previous key
}

// server13 is what the rows of TLS 1.3 work on.
type server13 struct {
	*server
	*serverHandshake13
}

type serverHandshake13 struct {
	keys13
	ours                []*suite.Suite // that this client offers, in the order in which they are tried
	preferred           event.Why      // and why in that
	group               kx.Group
	share               []byte               // the client's, of group; nil: it must come back with one
	retrying            bool                 // a HelloRetryRequest is due, or its answer
	pskWithDHE, pskOnly bool                 // how a pre-shared key may be used with this client
	selected            uint16               // which of those offered
	cookie              []byte               // that the second ClientHello must bring; nil: none
	pack                *certcompress.Method // what to compress our certificate with; nil: not
	ticketsSent         int
}

// serverStart is what the row works on that settles the version. It has the tables that work
// on it and on its parts.
type serverStart struct {
	server
	tls12 server12
	tls13 server13
	tables[serverStart, server13, server12]
}

func newServer(e *Endpoint) *serverStart {
	var handshake struct { // in one piece: it goes at one time
		both  serverHandshake
		tls12 serverHandshake12
		tls13 serverHandshake13
	}
	s := &serverStart{server: server{e, &handshake.both}}
	s.tls12, s.tls13 = server12{&s.server, &handshake.tls12}, server13{&s.server, &handshake.tls13}
	s.tables = tables[serverStart, server13, server12]{table[serverStart]{&serverRows, s}, table[server13]{&serverRows13, &s.tls13}, table[server12]{&serverRows12, &s.tls12}}
	return s
}

func (s *serverStart) forget() {
	s.serverHandshake, s.tls12.serverHandshake12, s.tls13.serverHandshake13 = nil, nil, nil
}

// serverRows is the server's table before a version is settled. Rows of one state are tried
// from top to bottom.
var serverRows = rows[serverStart]{role: event.Server, moves: []move[serverStart]{
	{In: event.Start, Dir: event.Receive, Msg: message.KindClientHello, If: (*serverStart).speaks13, When: event.GuardSpeaks13, Do: (*serverStart).recvClientHello, To: event.SendServerHello, Ref: "RFC 9846 §4.2.2"},
	{In: event.Start, Dir: event.Receive, Msg: message.KindClientHello, Do: (*serverStart).recvClientHello, To: event.SendServerHello, Ref: "RFC 5246 §7.4.1.2"},
}}

func (s *serverStart) speaks13(_ message.Message) bool { return s.cfg.speaks(iana.TLS13) }

func (s *server) check() error {
	if err := s.cfg.check(); err != nil {
		return err
	}
	if len(s.cfg.Certificates) == 0 && s.cfg.ForClient == nil {
		return reason.Mistake("config.certificates", reason.Say("a certificate to show"), reason.Say("none"))
	}
	return nil
}

// recvClientHello makes all the server's choices. The sends that follow only say them.
func (s *serverStart) recvClientHello(msg message.Message) error {
	m := msg.(*message.ClientHello)
	s.hello = m
	if s.cfg.ForClient != nil {
		cfg, err := s.cfg.ForClient(m)
		if err != nil {
			return err
		}
		if cfg != nil {
			listener, secrets, party, conn := s.cfg.Listener, s.cfg.ShowSecrets, s.cfg.Party, s.cfg.Conn
			own := *cfg
			own.Listener, own.ShowSecrets, own.Party, own.Conn = listener, secrets, party, conn
			s.cfg = &own
			if err := s.check(); err != nil {
				return err
			}
			s.ch.wr.SetFragment(s.cfg.MaxSendFragment)
		}
	}
	for _, choose := range []func(*message.ClientHello) error{s.chooseVersion, s.readExtensions, s.chooseProtocol} {
		if err := choose(m); err != nil {
			return err
		}
	}
	if err := s.makeRandom(); err != nil {
		return err
	}
	if s.summary.Version == iana.TLS13 {
		return s.tls13.choose13(m)
	}
	s.tls12.clientRandom, s.tls12.serverRandom = m.Random, s.random
	return s.tls12.choose12(m)
}
