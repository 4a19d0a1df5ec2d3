// Package bank is the victim of the replay lessons: a small bank over HTTP, with a ledger
// on disk, so that one sees what an attack is worth. GET /balance tells the balance of
// whoever is logged in, POST /transfer moves money.
//
// It is an http.Handler and knows nothing of TLS but what its server tells it: who has
// shown a certificate (Request.TLS), and whether a request came as early data (the header
// Early-Data, RFC 8470). It is no model of a bank: what it has is what decides whether a
// replay does harm, a login and two defences.
//
// Read bank.go, then transfer.go; ledger.go is what is on disk.
package bank

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	bolt "go.etcd.io/bbolt"
)

// EarlyData is the header by which a server that terminates TLS says that a request, or
// a part of it, came as early data: its value is "1" (RFC 8470 §5.1). One that a request
// brings along stays: whoever passed it on may have taken it as early data.
const EarlyData = "Early-Data"

// IdempotencyKey is the header by which a client names a transfer, so that it is made
// once however often it is asked for.
const IdempotencyKey = "Idempotency-Key"

// Cookie is the name of the cookie that is a login.
const Cookie = "session"

// Options are the bank's defences against being asked twice. The zero value has no defences.
type Options struct {
	// SafeMethods answers 425 (Too Early) to what is not safe and came as early data: a
	// POST, here. The client must ask again after the handshake (RFC 8470 §5.2).
	SafeMethods bool
	// Idempotency wants an IdempotencyKey with each transfer, and makes one transfer for
	// each: a client that asks again gets the first answer again.
	Idempotency bool
	Time        func() time.Time // time.Now
	// Watch, if not nil, is told of each request, after its answer is known.
	Watch func(Action)
}

func (o *Options) now() time.Time {
	if o.Time == nil {
		return time.Now()
	}
	return o.Time()
}

// Action is a request, and what the bank did about it.
type Action struct {
	Method, Path string
	Early        bool   // it came as early data
	User         string // the user who is logged in; "" if nobody is
	Status       int    // of the answer
	Why          Why    // why it was not done; "" if it was
	From, To     string // of a transfer that was made
	Amount       int64  // what it moved; 0 if nothing
	Err          error  // what is wrong with the ledger, where it is at fault
}

// Why is why the bank does not do what it is asked.
type Why string

// The whys.
const (
	NoLogin   Why = "no_login"              // neither cookie nor certificate: 401
	TooEarly  Why = "too_early"             // not safe, and early data: 425
	SeenKey   Why = "idempotency_key_known" // done before; the first answer again
	NoKey     Why = "idempotency_key_missing"
	OtherUse  Why = "idempotency_key_reused" // for another transfer: 422
	NotEnough Why = "not_enough_money"
	BadForm   Why = "bad_request"
	NoLedger  Why = "ledger_failed" // 500
)

// Whys lists every Why.
func Whys() []Why {
	return []Why{NoLogin, TooEarly, SeenKey, NoKey, OtherUse, NotEnough, BadForm, NoLedger}
}

// Bank is an open ledger. It is safe for concurrent use.
type Bank struct {
	db  *bolt.DB
	o   Options
	mux *http.ServeMux
}

// Open opens the ledger at path, or makes an empty one. One process at a time can have
// it open; another gives up after a second.
func Open(path string, o Options) (*Bank, error) {
	// What a lesson's ledger must outlive is the server, not the machine: NoSync.
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second, NoSync: true, NoFreelistSync: true})
	if err != nil {
		return nil, fmt.Errorf("the ledger %s: %w", path, err)
	}
	b := &Bank{db: db, o: o, mux: http.NewServeMux()}
	b.mux.HandleFunc("GET /balance", b.balance)
	b.mux.HandleFunc("POST /transfer", b.transfer)
	if err := db.Update(makeBuckets); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return b, nil
}

// Close closes the ledger, which stays on disk.
func (b *Bank) Close() error { return b.db.Close() }

// ServeHTTP answers GET /balance and POST /transfer, whose form has to, amount
// and, as it likes, reference.
func (b *Bank) ServeHTTP(w http.ResponseWriter, r *http.Request) { b.mux.ServeHTTP(w, r) }

func (b *Bank) balance(w http.ResponseWriter, r *http.Request) {
	a, ok := b.begin(w, r)
	if !ok {
		return
	}
	var money int64
	err := b.db.View(func(tx *bolt.Tx) (err error) {
		money, err = readBalance(tx, a.User)
		return err
	})
	if err != nil {
		b.fail(w, a, err)
		return
	}
	b.answer(w, a, answer{Status: http.StatusOK, Body: fmt.Sprintf("%s has %d\n", a.User, money)})
}

// begin does what comes before every answer: is it too early, and who asks?
func (b *Bank) begin(w http.ResponseWriter, r *http.Request) (*Action, bool) {
	a := &Action{Method: r.Method, Path: r.URL.Path, Early: r.Header.Get(EarlyData) == "1"}
	safe := r.Method == http.MethodGet || r.Method == http.MethodHead // RFC 9110 §9.2.1
	if b.o.SafeMethods && a.Early && !safe {
		b.answer(w, a, answer{http.StatusTooEarly, TooEarly, "ask again after the handshake\n"})
		return a, false
	}
	user, err := b.who(r)
	switch {
	case err != nil:
		b.fail(w, a, err)
		return a, false
	case user == "":
		b.answer(w, a, answer{http.StatusUnauthorized, NoLogin, "who are you?\n"})
		return a, false
	}
	a.User = user
	return a, true
}

// who is logged in: whom a client certificate names, or else whom the cookie stands for.
func (b *Bank) who(r *http.Request) (string, error) {
	name := ""
	if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		name = r.TLS.PeerCertificates[0].Subject.CommonName
	}
	cookie, _ := r.Cookie(Cookie)
	user := ""
	err := b.db.View(func(tx *bolt.Tx) (err error) {
		if name != "" && tx.Bucket(accounts).Get([]byte(name)) != nil {
			user = name
		} else if cookie != nil {
			user, err = loggedIn(tx, cookie.Value, b.o.now())
		}
		return err
	})
	return user, err
}

// answer is what a request gets; of a transfer under an IdempotencyKey it is kept.
type answer struct {
	Status int
	Why    Why
	Body   string
}

func (b *Bank) answer(w http.ResponseWriter, a *Action, to answer) {
	a.Status, a.Why = to.Status, to.Why
	if b.o.Watch != nil {
		b.o.Watch(*a)
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Length", fmt.Sprint(len(to.Body)))
	w.WriteHeader(to.Status)
	_, _ = w.Write([]byte(to.Body)) // whoever asked may be gone; what was done is done
}

// fail answers that the ledger is at fault. The error is for Watch, not for whoever asked.
func (b *Bank) fail(w http.ResponseWriter, a *Action, err error) {
	a.Err = err
	b.answer(w, a, answer{http.StatusInternalServerError, NoLedger, "the ledger cannot be used\n"})
}
