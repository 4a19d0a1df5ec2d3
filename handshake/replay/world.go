package replay

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/replay/bank"
	"tlslab/handshake/session"
	"tlslab/handshake/stage"
	"tlslab/handshake/suite"
	"tlslab/pki"
)

// Who has what in the beginning, and what a transfer is of.
const (
	aliceHas   = 10_000
	malloryHas = 0
	price      = 100
	host       = "bank.lab.test"
)

// world is everything there is while one attack is played: a clock, a bank, the servers
// in front of it, alice, and mallory who attacks.
type world struct {
	*stage.Stage
	o        Options
	attack   *Attack
	settings Settings
	terms    terms

	lesson    *pki.Lesson
	aliceCert []handshake.Certificate
	dir       string
	bank      *bank.Bank
	tickets   *session.TicketKeys // the service's
	marks     *watched            // the longest-lived mark of any server's store
	first     *server
	alice     *client
	keys      map[string]int // idempotency keys, and references, by whose they are
	lastWhy   string         // the bank's, of an attempt

	captured time.Time // or stolen
	routes   []Route
	facts    []event.Value
}

// terms are what a connection is made under.
type terms struct {
	version iana.Version
	suite   iana.CipherSuite
	ids     bool // TLS 1.2: sessions are known by ID, not by ticket
	pskOnly bool // TLS 1.3: psk_ke
}

var (
	tls12Tickets = terms{version: iana.TLS12, suite: 0xc02b}
	tls12IDs     = terms{version: iana.TLS12, suite: 0xc02b, ids: true}
	tls12CBC     = terms{version: iana.TLS12, suite: 0xc023, ids: true}
	tls13        = terms{version: iana.TLS13, suite: 0x1301}
	tls13PSKOnly = terms{version: iana.TLS13, suite: 0x1301, pskOnly: true}
)

func (t terms) modes() []iana.PSKKeyExchangeMode {
	if t.pskOnly {
		return []iana.PSKKeyExchangeMode{iana.PSKOnly}
	}
	return nil
}

func (t terms) suites() []*suite.Suite { return []*suite.Suite{suite.ByID(t.suite)} }

func newWorld(ctx context.Context, a *Attack, defences []string, o Options) (_ *world, err error) {
	w := &world{Stage: stage.New(ctx, o.Seed), o: o, attack: a, keys: map[string]int{}, terms: tls13, marks: new(watched),
		settings: Settings{Defences: slices.Clone(defences), Window: o.Window, Lifetime: o.Lifetime}}
	if o.Seed == "" {
		w.SetClock(w.Now().Truncate(time.Second)) // a session's times have no nanoseconds, and attempts are made at the very edge of a window
	}
	w.Listener = o.Listener
	if w.dir, err = os.MkdirTemp(o.Dir, "replay-"+a.Name+"-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	w.begin()
	if err := w.openBank(); err != nil {
		return nil, err
	}
	for name, balance := range map[string]int64{"alice": aliceHas, "mallory": malloryHas} {
		if err := w.bank.OpenAccount(name, balance); err != nil {
			return nil, err
		}
	}
	if w.lesson, err = pki.NewLesson(pki.LessonOptions{KeyAlg: "ecdsa", Name: host, Time: w.Now(), Rand: w.Stream("ca")}); err != nil {
		return nil, err
	}
	if o.login() == ByCertificate {
		cert, key, err := w.lesson.Client("alice")
		if err != nil {
			return nil, err
		}
		w.aliceCert = []handshake.Certificate{{Chain: cert.Chain, Key: key}}
		w.scene("bank", "replay_login", value("user", "alice"), value("certificate", cert.Leaf))
	}
	w.tickets = session.NewTicketKeys(w.Stream("ticket keys"), maximumLife)
	store, err := w.newStore()
	if err != nil {
		return nil, err
	}
	w.first = &server{w: w, name: "bank", store: store}
	w.alice = &client{w: w, name: "alice", sessions: session.NewMemory(0), certificates: w.aliceCert}
	if o.login() == ByCookie {
		if err := w.logIn(); err != nil {
			return nil, err
		}
	}
	// Everything that a store must remember comes after it began.
	w.Pass(time.Second)
	return w, nil
}

// close leaves nothing behind but what Options.Dir asks for.
func (w *world) close() error {
	var err error
	if w.bank != nil {
		err = w.bank.Close()
	}
	if w.o.Dir == "" {
		err = errors.Join(err, os.RemoveAll(w.dir))
	}
	return err
}

// openBank opens the ledger on disk, which is the service's.
func (w *world) openBank() (err error) {
	o := w.settings.Bank()
	o.Time, o.Watch = w.Now, w.watchBank
	w.bank, err = bank.Open(filepath.Join(w.dir, "ledger.db"), o)
	return err
}

// logIn gives alice a cookie: what the login page, which is not part of this, would do.
func (w *world) logIn() error {
	var b [16]byte
	if _, err := io.ReadFull(w.Stream("cookies"), b[:]); err != nil {
		return err
	}
	w.alice.cookie = hex.EncodeToString(b[:])
	w.scene("bank", "replay_login", value("user", "alice"), value("cookie", w.alice.cookie))
	return w.bank.Login("alice", w.alice.cookie, w.Now().Add(w.settings.lifetime()))
}

// scene tells what happens around the endpoints.
func (w *world) scene(party, key string, values ...event.Value) {
	w.Scene(party, &event.Bag{K: event.SceneKey(key), Vs: values})
}

func value(name string, v any) event.Value {
	return event.Value{Name: name, Value: v}
}

// fact keeps a piece of evidence, and tells it.
func (w *world) fact(name string, v any) {
	w.facts = append(w.facts, value(name, v))
	w.scene("mallory", "replay_fact_"+name, value("value", v))
}

// watchBank tells what the bank did.
func (w *world) watchBank(a bank.Action) {
	w.lastWhy = a.Why
	w.scene("bank", "replay_request", value("method", a.Method), value("path", a.Path), value("early", a.Early),
		value("user", a.User), value("status", a.Status), value("why", a.Why))
	if a.Amount > 0 {
		from, _ := w.bank.Balance(a.From)
		to, _ := w.bank.Balance(a.To)
		w.scene("bank", "replay_transfer", value("from", a.From), value("to", a.To), value("amount", int(a.Amount)),
			value(a.From, int(from)), value(a.To, int(to)))
	}
}

// begin tells what will be played.
func (w *world) begin() {
	shown := noDefence
	if len(w.settings.Defences) > 0 {
		shown = strings.Join(w.settings.Defences, ",")
	}
	w.scene("", "replay_attack", value("attack", w.attack.Name), value("number", w.attack.Number),
		value("defences", shown), value("login", string(w.o.login())), value("alice", aliceHas), value("mallory", malloryHas))
}

// play plays the attack, and judges.
func (w *world) play() (*Result, error) {
	if err := w.attack.script(w); err != nil {
		return nil, err
	}
	return w.judge()
}
