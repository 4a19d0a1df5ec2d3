package replay

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net/http"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/reason"
	"tlslab/handshake/replay/bank"
	"tlslab/handshake/session"
	"tlslab/handshake/stage"
	"tlslab/pki"
)

// server is one of the service: it terminates TLS and hands requests to the bank.
type server struct {
	w     *world
	name  string
	store session.Store // sessions, and what the defences mark
	thief *falseBank    // the false bank behind it; nil: the bank
}

func (s *server) config(conn int) (*handshake.Config, error) {
	w := s.w
	cfg := &handshake.Config{
		Rand: w.Stream(s.name), Time: w.Now, Party: s.name, Conn: conn, ShowSecrets: w.o.ShowSecrets && w.o.Listener != nil,
		MinVersion: w.terms.version, MaxVersion: w.terms.version, Suites: w.terms.suites(),
		Certificates:    []handshake.Certificate{{Chain: w.lesson.Chain, Key: w.lesson.Key}},
		SessionLifetime: maximumLife, MaxEarlyData: maxEarlyData, PSKModes: w.terms.modes(),
		AcceptEarlyData: All(), // the engine's own window would be a defence
	}
	if w.o.login() == ByCertificate {
		cfg.ClientAuth, cfg.Roots = handshake.RequestClientCert, pki.NewTrustStore(w.lesson.Root.Cert)
	}
	if w.terms.ids {
		cfg.Sessions = s.store
	} else {
		cfg.Tickets = w.tickets
	}
	if s.thief != nil { // he needs no defences, and has no certificate of the bank's
		cfg.Certificates = s.thief.certificates
		return cfg, nil
	}
	return cfg, w.settings.Configure(cfg, s.store)
}

// accept makes the server's end of a connection.
func (s *server) accept(conn int) (*front, error) {
	cfg, err := s.config(conn)
	if err != nil {
		return nil, err
	}
	f := &front{w: s.w, bank: s.w.bank}
	if s.thief != nil {
		f.bank = s.thief
	}
	cfg.Listener = f
	f.ep, err = handshake.NewServer(cfg)
	return f, err
}

// front is one connection of a server: from records to requests, and back.
type front struct {
	w    *world
	ep   *handshake.Endpoint
	bank http.Handler

	in    []byte // not yet a whole request
	early bool   // some of it came as early data
	out   []byte // answers, which wait until the handshake is over

	why  event.Why // what spoke against resuming, or against early data
	seen int       // requests that reached the bank
}

// Event takes the engine's decisions down.
func (f *front) Event(e event.Event) {
	if d, ok := e.(*event.Decision); ok {
		switch {
		case d.What == event.DecisionResumption && d.Chosen == "full_handshake":
			f.why = d.Why
		case d.What == event.DecisionEarlyData && d.Chosen == "rejected" && f.why == "":
			f.why = d.Why
		}
	}
	f.w.Event(e)
}

// refusal is why nothing came of a connection: what the server decided, or its error.
func (f *front) refusal() Why {
	if f.why == "" && f.ep.Err() != nil {
		return whyOf(reason.Of(f.ep.Err()))
	}
	return Why(f.why)
}

// end is the connection as the stage drives it.
func (f *front) end() *stage.End {
	return &stage.End{Endpoint: f.ep, Take: f.take, Say: f.answer}
}

// step goes on until more must be fed.
func (f *front) step() error {
	_, err := f.w.Go(f.end())
	return err
}

// take hands over what was opened, as far as it makes whole requests.
func (f *front) take(data []byte, early bool) error {
	f.in, f.early = append(f.in, data...), f.early || early
	return f.serve()
}

// answer sends the answers that wait, once the handshake is over.
func (f *front) answer() (said bool, _ error) {
	for len(f.out) > 0 && f.ep.Done() {
		n, err := f.ep.Write(f.out)
		if err != nil {
			break // what the endpoint refuses stays in the endpoint
		}
		f.out, said = f.out[n:], true
	}
	return said, nil
}

// serve hands over the whole requests that are there.
func (f *front) serve() error {
	for len(f.in) > 0 {
		left := bytes.NewReader(f.in)
		buffered := bufio.NewReader(left)
		r, err := http.ReadRequest(buffered)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return nil // more will come
		}
		if err != nil {
			return err
		}
		body, err := io.ReadAll(r.Body)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		f.in = f.in[len(f.in)-left.Len()-buffered.Buffered():]

		if f.early { // and what came with the request is not taken off it (RFC 8470 §5.1)
			r.Header.Set(bank.EarlyData, "1")
		}
		f.early = false
		r.TLS = &tls.ConnectionState{Version: uint16(f.ep.Summary().Version), DidResume: f.ep.Summary().Resumed,
			PeerCertificates: f.ep.Summary().PeerChain}
		a := &reply{header: http.Header{}}
		f.bank.ServeHTTP(a, r)
		f.seen++
		if err := a.appendTo(&f.out, r); err != nil {
			return err
		}
	}
	return nil
}

// reply is an answer being written.
type reply struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *reply) Header() http.Header { return a.header }

func (a *reply) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *reply) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}

func (a *reply) appendTo(out *[]byte, r *http.Request) error {
	a.WriteHeader(http.StatusOK)
	var b bytes.Buffer
	err := (&http.Response{StatusCode: a.status, ProtoMajor: 1, ProtoMinor: 1, Request: r, Header: a.header,
		ContentLength: int64(a.body.Len()), Body: io.NopCloser(&a.body)}).Write(&b)
	*out = append(*out, b.Bytes()...)
	return err
}
