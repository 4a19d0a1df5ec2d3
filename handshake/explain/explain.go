package explain

import (
	"bytes"
	"context"
	"crypto/rsa"
	"errors"
	"io"

	"tlslab/handshake/capture/dissect"
	"tlslab/handshake/certcompress"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/observe"
	"tlslab/pki"
)

// Keys are what a reader of a recording may have been given.
type Keys struct {
	Logged *observe.KeyLog // NSS key logs; nil: none
	RSA    *rsa.PrivateKey // of a server's certificate
	PSKs   [][]byte        // of TLS 1.3
}

// Options say what to read with, and whom to tell.
type Options struct {
	Keys Keys
	// Roots are whom the client is taken to trust; nil: no chain is judged.
	Roots *pki.TrustStore
	// Compressions are whose compressed certificates can be read (RFC 8879), beside zlib's.
	Compressions []*certcompress.Method
	// Each is called with every connection when its account is closed, by number as a rule, but
	// one that lasts longer comes later.
	Each func(*Connection)
	// Onlookers: for every connection it is tried what each onlooker can read of it
	// (Connection.Onlookers), and for the one that is shown in any case.
	Onlookers bool
	// Show is the number of the connection whose events Listener is told; 0: none is.
	Show        int
	Name        string // what the recording is called, for a scene
	Listener    event.Listener
	ShowSecrets bool
	// Secrets is told of the key log lines that stand in the file, as they are met.
	Secrets func(lines []byte)
}

// Totals count what was in a file.
type Totals struct {
	Packets, Connections, TLS int
	QUIC                      int   // of the connections, those of QUIC; TLS counts them too
	Others                    int   // packets that are neither TCP nor UDP over IP
	Datagrams                 int   // of UDP
	LogLines                  int   // of key logs, in the file
	BadLine                   error // the first of those that could not be read
	LogLeft                   int64 // bytes of key logs in the file that were not looked at: there were too many before them
}

// maxMarks is how many marks of sessions are remembered, to tell which connection began what another resumes.
const maxMarks = 1 << 14

// reading is one pass through a file.
type reading struct {
	o      Options
	totals Totals
	layers dissect.Layers
	logged *observe.KeyLog
	all    sessions             // that the observers with all keys have found
	loot   map[string]*sessions // and each onlooker
	marks  map[mark]int32       // by session ID and ticket: which connection that session began on
	chains chains
	ends   *ends // who is told of the connection that is shown
	lines  int   // bytes of key logs that were taken
	held   int   // bytes that the connections over TCP keep
}

// maxHeld is how many bytes the open connections over TCP may keep of what their peers made long, and maxQUICHeld those
// over UDP. Beyond it that which was silent longest is given up.
const maxHeld = 64 << 20

// Read goes through a capture file. An error is that of in, or a *dissect.Error: what was read before it
// has been told of all the same, as has what was under way there.
func Read(ctx context.Context, in io.Reader, o Options) (Totals, error) {
	r := &reading{o: o, logged: o.Keys.Logged, loot: map[string]*sessions{}}
	if r.logged == nil {
		r.logged = new(observe.KeyLog)
	}
	if o.Listener != nil {
		r.ends = &ends{next: o.Listener}
	}
	file, err := dissect.NewReader(in)
	if err != nil {
		return r.totals, err
	}
	tcp, udp := dissect.NewAssembler(r.open), newOver(r)
	for err == nil {
		if r.totals.Packets%1024 == 0 && ctx.Err() != nil {
			err = ctx.Err()
			break
		}
		var p dissect.Packet
		p, err = file.Next()
		if lines := file.Secrets(); lines != nil {
			r.take(lines)
		}
		if err != nil {
			break
		}
		r.totals.Packets++
		switch segment, datagram := r.layers.Packet(p); {
		case segment != nil:
			tcp.Segment(segment)
			for r.held > maxHeld && tcp.GiveUp() {
			}
		case datagram != nil:
			r.totals.Datagrams++
			udp.datagram(datagram)
		default:
			r.totals.Others++
		}
	}
	r.totals.LogLeft += file.SecretsLeft()
	tcp.Close()
	udp.close()
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return r.totals, err
}

// maxLines is how many bytes of key logs are taken out of a file: of a hundred thousand connections.
const maxLines = 128 << 20

// Secrets goes through a capture file for the key log lines in it alone, also those behind the
// packets that they open.
func Secrets(in io.Reader) ([]byte, error) {
	file, err := dissect.NewReader(in)
	if err != nil {
		return nil, err
	}
	if !file.HasSecrets() {
		return nil, nil
	}
	var lines []byte
	for {
		_, err := file.Next()
		if more := file.Secrets(); len(lines)+len(more) <= maxLines {
			lines = append(lines, more...)
		}
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return lines, err
		}
	}
}

// take adds key log lines that stand in the file.
func (r *reading) take(lines []byte) {
	if r.lines+len(lines) > maxLines {
		r.totals.LogLeft += int64(len(lines))
		return
	}
	r.lines += len(lines)
	if r.o.Secrets != nil {
		r.o.Secrets(lines)
	}
	before := r.logged.Len()
	if err := r.logged.Read(bytes.NewReader(lines)); err != nil && r.totals.BadLine == nil {
		r.totals.BadLine = err
	}
	r.totals.LogLines += r.logged.Len() - before
}

// open begins the account of a connection.
func (r *reading) open(c *dissect.Conversation) dissect.Follower {
	r.totals.Connections++
	return &stream{r: r, c: &Connection{Number: r.totals.Connections, Client: c.Client, Server: c.Server, Began: c.Began.Time, Packet: c.Began.Packet, Midway: c.Midway}}
}

// observer begins to listen to a connection.
func (r *reading) observer(s *stream) *observe.Observer {
	o := observe.Options{Keys: r.logged, RSAKey: r.o.Keys.RSA, PSKs: r.o.Keys.PSKs, Sessions: &r.all.found, Conn: s.c.Number,
		Ends: true, Forget: true, Time: s.time, Listener: event.ListenerFunc(s.heard)}
	o.ShowSecrets, o.Brief = r.o.ShowSecrets && s.shown(), !s.shown()
	ob, err := observe.New(o)
	if err != nil {
		panic(err) // it is about Options.KeyLog, and there is none
	}
	return ob
}

// done closes an account.
func (r *reading) done(s *stream) {
	if s.awaited && s.c.Carrier == Some {
		s.forget()
	}
	s.behead()
	if s.headless {
		r.totals.TLS++
		phase := PhaseLost
		if s.opens == iana.ApplicationData {
			phase = PhaseData
		}
		s.c.Outcome = Outcome{What: Unfollowed, Phase: phase, Cause: CauseRecording, Closing: string(s.shut)}
		s.c.Read = Reading{Cut: true, Closed: Headless, Needs: []Need{NeedWhole}}
		if s.keyless() {
			s.c.Read.Needs = append(s.c.Read.Needs, NeedKeyLog)
		}
		if r.o.Onlookers || s.shown() {
			s.c.Onlookers = unheard()
		}
	} else if s.c.TLS {
		r.totals.TLS++
		report := s.ob.Report()
		s.c.close(s, report)
		if s.looks != nil && (r.o.Onlookers || s.shown()) {
			s.sights(&report)
		}
		s.c.judge(r.o.Roots, &r.chains.signatures)
	}
	if s.c.TLS && s.shown() {
		if s.headless {
			s.heads()
		}
		s.closes(s.at)
	}
	if r.o.Each != nil {
		r.o.Each(s.c)
	}
}
