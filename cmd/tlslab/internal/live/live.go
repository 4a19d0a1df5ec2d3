package live

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"sync"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/flags"
	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/foreign"
	"tlslab/handshake/iana"
	"tlslab/handshake/idn"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
)

// LiveFlags are what client and server have in common beside what they offer.
type LiveFlags struct {
	cli.View
	flags.Offer
	flags.WhatIf
	flags.PreShared
	flags.Identity
	flags.CaptureFile
	Format           string
	alpn             []string
	etm, noTicket    bool
	maxSendFrag      int
	quiet, noSecrets bool
}

func (l *LiveFlags) flags(cmd *cobra.Command) {
	l.View.Flags(cmd)
	l.View.TellingFlags(cmd)
	l.Offer.Flags(cmd)
	l.WhatIf.Flags(cmd)
	l.PreShared.Flags(cmd)
	l.Identity.Flags(cmd)
	l.CaptureFile.Flags(cmd, true)
	f := cmd.Flags()
	f.Lookup("keylogfile").Usage += cli.KeyLogFromEnv
	f.StringSliceVar(&l.alpn, "alpn", nil, "application protocols, most preferred first: h2,http/1.1,…")
	f.BoolVar(&l.etm, "etm", true, "encrypt-then-MAC (RFC 7366) for CBC suites (TLS 1.2)")
	f.IntVar(&l.maxSendFrag, "max-send-frag", 0, "put at most `N` bytes of content into a record, of the handshake too")
	f.BoolVar(&l.noTicket, "no-ticket", false, "no session tickets (also --no-tickets)")
	f.BoolVar(&l.quiet, "quiet", false, "no transcript")
	f.BoolVar(&l.noSecrets, "no-secrets", false, "leave secrets out of the transcript")
	cli.FormatFlag(cmd, &l.Format, liveFormats...)
}

var liveFormats = []string{cli.Text, cli.JSON, cli.HTML}

// config is what both ends' configurations have in common. only13 names a flag of the
// verb's own that is about TLS 1.3; "" is no flag.
func (l *LiveFlags) config(only13 string) (*handshake.Config, error) {
	if !slices.Contains(liveFormats, l.Format) {
		return nil, cli.Misuse("A diagram is drawn by: tlslab run --format mermaid", "--format %s: of a live handshake it is text, json or html", l.Format)
	}
	if err := l.CheckQuiet(l.quiet); err != nil {
		return nil, err
	}
	cfg := &handshake.Config{ALPN: l.alpn, EncryptThenMAC: l.etm, ShowSecrets: !l.noSecrets, NoTickets: l.noTicket}
	only13 = cmp.Or(only13, l.WhatIf.Only13(), l.PreShared.Only13())
	if err := cli.FirstError(l.Offer.Apply(cfg, only13), l.WhatIf.Apply(cfg)); err != nil {
		return nil, err
	}
	if l.noSecrets && l.Alone.Secrets {
		return nil, cli.Misuse("Choose one of the two.", "--secrets and --no-secrets contradict each other")
	}
	if err := l.PreShared.Check(); err != nil {
		return nil, err
	}
	switch {
	case l.PreShared.Only:
		cfg.PSKModes = []iana.PSKKeyExchangeMode{iana.PSKOnly}
	case l.PreShared.Either:
		cfg.PSKModes = []iana.PSKKeyExchangeMode{iana.PSKWithDHE, iana.PSKOnly}
	}
	if n := l.maxSendFrag; n != 0 && (n < 64 || n > 1<<14) {
		return nil, cli.Misuse("Say a number from 64 to 16384, or leave it out.", "--max-send-frag %d: it is 64 to 16384 bytes", n)
	}
	cfg.MaxSendFragment = l.maxSendFrag
	psk, err := l.PSK()
	if err != nil {
		return nil, err
	}
	if psk != nil {
		cfg.PSKs = []handshake.PSK{*psk}
	}
	cfg.Certificates, err = l.Identity.Load()
	return cfg, err
}

// transcript is a Listener for one live connection. What it shows is held back until
// flush, so that the connections of a server do not interleave; a client's, which is
// alone, goes out flight by flight. Once the handshake is over nobody knows who speaks next, or
// when: then follow has what happened shown at each pause. A document in JSON is one piece: see
// liveDocument.
type transcript struct {
	out   *cli.Output
	title string // heads each part; "" for none

	mu      sync.Mutex
	held    bytes.Buffer
	follows bool                                 // each pause ends a piece
	goodbye bool                                 // since the last pause
	data    int                                  // records of data since the last piece
	unshown func(n int) string                   // says that n of them are not shown
	found   func(found bool, messages int) error // judges whether --message is the number of one; or nil
	show    interface {
		event.Listener
		Close() error
	}
}

// outputs opens the transcript, which goes to to or --out, the key log for cfg, and the
// capture; done closes them. What goes wrong with a file meanwhile is said on log.
func (l *LiveFlags) outputs(to, log io.Writer, cfg *handshake.Config) (out *cli.Output, done func() error, err error) {
	if out, err = l.View.Open(to, log); err != nil {
		return nil, nil, err
	}
	notes := log
	if to == log && l.documentAlone() {
		notes = io.Discard // a document goes there
	}
	keys, closeLog, err := cli.OpenLiveKeyLog(l.KeyLog, l.CaptureFile.Many, l.Lang, log, notes)
	if err != nil {
		return nil, nil, cli.FirstError(err, out.Close())
	}
	cfg.KeyLog = keys
	if err := l.CaptureFile.Open(flags.AsSeen, l.Lang, log); err != nil {
		return nil, nil, cli.FirstError(err, closeLog(), out.Close())
	}
	return out, func() error {
		// All, whatever becomes of the first.
		pcapErr, logErr, outErr := l.CaptureFile.Close(), closeLog(), out.Close()
		return cli.FirstError(pcapErr, logErr, outErr)
	}, nil
}

// documentAlone reports whether standard error gets a document, in which nothing else may stand. A
// server's, of which there are many, stand among other lines.
func (l *LiveFlags) documentAlone() bool {
	return l.Format != cli.Text && !l.quiet && l.View.Out == "" && !l.CaptureFile.Many
}

// warn says, above a transcript that shows secrets, that it does.
func (l *LiveFlags) warn(out *cli.Output) error {
	if l.quiet || l.noSecrets || l.Brief || l.Format != cli.Text {
		return nil
	}
	_, err := fmt.Fprintln(out, cli.Say(l.Lang, "secrets"))
	return err
}

// NewTranscript returns nil under --quiet.
func (l *LiveFlags) NewTranscript(out *cli.Output, title string) *transcript {
	if l.quiet {
		return nil
	}
	t := &transcript{out: out, title: title, unshown: func(n int) string { return cli.Say(l.Lang, "not_shown", "n", strconv.Itoa(n)) }}
	if l.Format == "json" {
		t.show = NewLiveDocument(out, title == "", l.tellLost(out.Log))
		return t
	}
	if t.show = render.NewTerminal(&t.held, out.Options); title == "" { // one of a server's many may be shorter than the others
		t.found = l.MessageFound
	}
	return t
}

// attach makes cfg tell t. A Listener must be a true nil where nobody listens.
func (t *transcript) attach(cfg *handshake.Config) {
	if t != nil {
		cfg.Listener = t
	}
}

// Event takes the next event.
func (t *transcript) Event(e event.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.tooMuch(e) {
		return
	}
	if a, ok := e.(*event.Alert); ok && a.Description == iana.CloseNotify {
		t.goodbye = true
	}
	t.show.Event(e)
	if t.title == "" || t.held.Len() >= MaxHeld {
		_ = t.write()
	}
}

// MaxHeld is how many bytes of one connection's transcript wait for their piece to end. A
// client that asks and asks over one connection of --www, or changes its keys again and
// again, would else fill the memory: that piece ends with the connection.
const MaxHeld = 1 << 20

// maxData is how many records of data one piece of a server's transcript shows. A client
// that sends its data byte by byte costs us ten thousand times what it costs the client to
// explain each, in work and in memory, and nobody reads so far.
const maxData = 1000

// tooMuch reports whether e is about data of which this piece has shown enough.
func (t *transcript) tooMuch(e event.Event) bool {
	if _, text := t.show.(*render.Terminal); !text || t.title == "" {
		return false // a program reads it, and wants all; or it goes out as it happens, and holds nothing
	}
	switch e := e.(type) {
	case *event.Record: // comes before what is in it if it is received, and after it if sent
		return e.Type == iana.ApplicationData && t.data >= maxData
	case *event.Data:
		t.data++
		return t.data > maxData
	}
	return false
}

// follow has what happens shown, from here on, whenever the connection has told all that there is
// to tell for now: tickets come in a Read that goes on to wait for data, and a line that is sent
// may be left without an answer. In a handshake that would break flights in two.
func (t *transcript) follow() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.follows = true
	t.flushLocked()
}

// Paused is called by the connection where it has nothing more to tell for now. A goodbye waits:
// the peer's, or the end, comes behind it, and the two are one line.
func (t *transcript) Paused() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.follows && !t.goodbye {
		t.flushLocked()
	}
	t.goodbye = false
}

// flush shows what has happened so far.
func (t *transcript) flush() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.flushLocked()
}

// flushLocked is flush, under mu.
func (t *transcript) flushLocked() {
	if f, ok := t.show.(*render.Terminal); ok {
		_ = f.Flush() // into memory
	}
	_ = t.write() // a transcript that cannot be written ends no connection
}

// Close ends the transcript.
func (t *transcript) Close() error {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := cli.FirstError(t.show.Close(), t.write()); err != nil {
		return err
	}
	if f, ok := t.show.(*render.Terminal); ok && t.found != nil {
		return t.found(f.Found())
	}
	return nil
}

// write puts what is held out in one piece.
func (t *transcript) write() error {
	if t.data > maxData {
		fmt.Fprintf(&t.held, "\n%s\n", t.unshown(t.data-maxData))
	}
	if t.held.Len() == 0 {
		return nil
	}
	defer t.held.Reset()
	t.data = 0
	if t.title == "" {
		_, err := t.out.Write(t.held.Bytes())
		return err
	}
	_, err := fmt.Fprintf(t.out, "\n== %s ==\n%s", t.title, t.held.Bytes())
	return err
}

// settled is what a handshake came to, in lines of a label and a value.
func settled(l narrate.Lang, s *handshake.Summary) [][2]string {
	label := func(key string) string { return narrate.Must(l, narrate.UI, key).Title }
	lines := [][2]string{{label("version"), s.Version.String()}}
	if s.Suite != nil {
		lines = append(lines, [2]string{label("cipher_suite"), s.Suite.String()})
	}
	if s.Group != 0 && !(s.Resumed && s.Version == iana.TLS12) { // which has no key exchange of its own
		lines = append(lines, [2]string{label("group"), s.Group.Called()})
	}
	if s.Scheme != 0 {
		lines = append(lines, [2]string{label("cmd.signature"), s.Scheme.String()})
	}
	if s.ServerName != "" {
		lines = append(lines, [2]string{"server_name", idn.BothForms(foreign.Quote(s.ServerName))})
	}
	if s.Protocol != "" {
		lines = append(lines, [2]string{"ALPN", foreign.Quote(s.Protocol)})
	}
	how := label("full_handshake")
	switch {
	case s.Resumed:
		how = label("session_resumed")
	case s.PSK:
		how = label("cmd.by_psk")
	case s.Retried:
		how = label("cmd.retried")
	}
	if s.PSK {
		how += ", " + pskMode(s)
	}
	lines = append(lines, [2]string{label("cmd.handshake"), how})
	if s.EarlyData != handshake.NoEarlyData {
		lines = append(lines, [2]string{label("cmd.early_data"), label("word." + s.EarlyData.String())})
	}
	for _, x := range []struct {
		on   bool
		name string
	}{{s.ExtendedMasterSecret, "extended_master_secret"}, {s.EncryptThenMAC, "encrypt_then_mac"}, {s.SecureRenegotiation, "renegotiation_info"}} {
		if x.on {
			lines = append(lines, [2]string{label("cmd.in_force"), x.name})
		}
	}
	if len(s.PeerChain) > 0 {
		lines = append(lines, [2]string{label("cmd.peer"), idn.BothForms(foreign.Line(s.PeerChain[0].Subject.String()))})
	}
	if cameWithout(s) {
		lines = append(lines, [2]string{label("cmd.client_certificate"), label("cmd.asked_none_came")})
	}
	return lines
}

// pskMode is how a pre-shared key was used: psk_dhe_ke, or psk_ke where there was no group.
func pskMode(s *handshake.Summary) string {
	if s.Group == 0 {
		return iana.PSKOnly.String()
	}
	return iana.PSKWithDHE.String()
}
