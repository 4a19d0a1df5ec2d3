package replay

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/observe"
	"tlslab/handshake/replay/bank"
	"tlslab/handshake/session"
	"tlslab/handshake/stage"
	"tlslab/handshake/suite"
	"tlslab/pki/lesson"
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

	lesson    *lesson.Lesson
	keyThief  *observe.Thief // of its key
	aliceCert []handshake.Certificate
	dir       string
	bank      *bank.Bank
	tickets   *session.TicketKeys // the service's
	marks     *watched            // the longest-lived mark of any server's store
	first     *server
	alice     *client
	keys      map[string]int // idempotency keys, and references, by whose they are
	lastWhy   Why            // the bank's, of an attempt

	captured time.Time // or stolen
	routes   []Route
	facts    []Fact

	earlyDataFacts []EarlyDataFact
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
	if w.lesson, err = lesson.New(lesson.Options{KeyAlg: "ecdsa", Name: host, Time: w.Now(), Rand: w.Stream("ca")}); err != nil {
		return nil, err
	}
	w.keyThief = observe.NewThief(w.lesson.Key)
	if o.login() == ByCertificate {
		cert, key, err := w.lesson.Client("alice")
		if err != nil {
			return nil, err
		}
		w.aliceCert = []handshake.Certificate{{Chain: cert.Chain, Key: key}}
		w.Scene("bank", &LoggedIn{User: "alice", Certificate: cert.Leaf})
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

// openBank opens the ledger on disk, which belongs to the whole service.
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
	w.Scene("bank", &LoggedIn{User: "alice", Cookie: w.alice.cookie})
	return w.bank.Login("alice", w.alice.cookie, w.Now().Add(w.settings.lifetime()))
}

// fact keeps a piece of evidence, and tells it.
func (w *world) fact(name FactName, yes bool) {
	f := &Fact{Name: name, Yes: yes}
	w.Scene("mallory", f)
	w.facts = append(w.facts, *f)
}

// earlyDataFact is fact for what became of early data.
func (w *world) earlyDataFact(name FactName, s handshake.EarlyDataStatus) {
	f := &EarlyDataFact{Name: name, Status: s}
	w.Scene("mallory", f)
	w.earlyDataFacts = append(w.earlyDataFacts, *f)
}

// watchBank tells what the bank did.
func (w *world) watchBank(a bank.Action) {
	w.lastWhy = Why(a.Why)
	w.Scene("bank", &Requested{Action: a})
	if a.Amount > 0 {
		t := &Transferred{From: a.From, To: a.To, Amount: a.Amount}
		t.Alice, _ = w.bank.Balance("alice")
		t.Mallory, _ = w.bank.Balance("mallory")
		w.Scene("bank", t)
	}
}

// begin tells what will be played.
func (w *world) begin() {
	w.Scene("", &Begun{Attack: w.attack.Name, Number: w.attack.Number, Stolen: w.attack.Stolen, Defences: w.settings.Defences,
		Login: w.o.login(), Alice: aliceHas, Mallory: malloryHas})
}

// play plays the attack, and judges.
func (w *world) play() (*Result, error) {
	if err := w.attack.script(w); err != nil {
		return nil, err
	}
	return w.judge()
}
