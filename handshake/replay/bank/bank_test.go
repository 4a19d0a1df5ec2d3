package bank_test

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tlslab/handshake/replay/bank"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// open makes a bank in which alice has 1000 and a cookie for an hour, and bob has nothing.
func open(t *testing.T, o bank.Options) *bank.Bank {
	t.Helper()
	if o.Time == nil {
		o.Time = func() time.Time { return start }
	}
	b, err := bank.Open(filepath.Join(t.TempDir(), "ledger.db"), o)
	must(t, err)
	t.Cleanup(func() { must(t, b.Close()) })
	must(t, b.OpenAccount("alice", 1000))
	must(t, b.OpenAccount("bob", 0))
	must(t, b.Login("alice", "secret", start.Add(time.Hour)))
	return b
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ask sends a request as alice, with header lines "Name: value".
func ask(b *bank.Bank, method, path, form string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(form))
	r.TLS = nil
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Cookie", bank.Cookie+"=secret")
	for _, line := range header {
		name, v, _ := strings.Cut(line, ": ")
		r.Header.Set(name, v)
	}
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	return w
}

func has(t *testing.T, b *bank.Bank, name string, want int64) {
	t.Helper()
	if got, err := b.Balance(name); err != nil || got != want {
		t.Errorf("%s has %d, %v, want %d", name, got, err, want)
	}
}

func TestRequests(t *testing.T) {
	for _, test := range []struct {
		name, method, path, form string
		header                   string
		status                   int
		body                     string
		why                      bank.Why
		bob                      int64
	}{
		{"balance", "GET", "/balance", "", "", 200, "alice has 1000\n", "", 0},
		{"transfer", "POST", "/transfer", "to=bob&amount=100&reference=x", "", 200, "100 to bob; alice has 900\n", "", 100},
		{"no cookie", "GET", "/balance", "", "Cookie: x=y", 401, "", bank.NoLogin, 0},
		{"another's cookie", "POST", "/transfer", "to=bob&amount=100", "Cookie: session=guess", 401, "", bank.NoLogin, 0},
		{"too much", "POST", "/transfer", "to=bob&amount=1001", "", 409, "", bank.NotEnough, 0},
		{"negative", "POST", "/transfer", "to=bob&amount=-1", "", 400, "", bank.BadForm, 0},
		{"no amount", "POST", "/transfer", "to=bob", "", 400, "", bank.BadForm, 0},
		{"to nobody", "POST", "/transfer", "to=nobody&amount=1", "", 400, "", bank.BadForm, 0},
		{"to herself", "POST", "/transfer", "to=alice&amount=100", "", 200, "", "", 0},
		{"too long", "POST", "/transfer", "to=bob&amount=1&reference=" + strings.Repeat("x", 1<<12), "", 400, "", bank.BadForm, 0},
		{"early, and nobody minds", "POST", "/transfer", "to=bob&amount=100", "Early-Data: 1", 200, "", "", 100},
	} {
		t.Run(test.name, func(t *testing.T) {
			var told bank.Action
			b := open(t, bank.Options{Watch: func(a bank.Action) { told = a }})
			w := ask(b, test.method, test.path, test.form, test.header)
			if w.Code != test.status || test.body != "" && w.Body.String() != test.body {
				t.Errorf("%d %q", w.Code, w.Body)
			}
			if told.Why != test.why || told.Status != test.status || told.Method != test.method {
				t.Errorf("it says %+v", told)
			}
			has(t, b, "bob", test.bob)
			if alice, err := b.Balance("alice"); err != nil || alice != 1000-test.bob {
				t.Errorf("alice has %d, %v", alice, err)
			}
		})
	}
	b := open(t, bank.Options{})
	if w := ask(b, "GET", "/transfer", ""); w.Code != http.StatusMethodNotAllowed {
		t.Error(w.Code)
	}
	if w := ask(b, "GET", "/vault", ""); w.Code != http.StatusNotFound {
		t.Error(w.Code)
	}
}

func TestCertificate(t *testing.T) {
	b := open(t, bank.Options{})
	for name, want := range map[string]int{"bob": 200, "mallory": 401} {
		r := httptest.NewRequest("GET", "/balance", nil)
		r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{{Subject: pkix.Name{CommonName: name}}}}
		w := httptest.NewRecorder()
		if b.ServeHTTP(w, r); w.Code != want {
			t.Errorf("%s: %d %q", name, w.Code, w.Body)
		}
	}
}

func TestCookieExpires(t *testing.T) {
	now := start
	b := open(t, bank.Options{Time: func() time.Time { return now }})
	for after, want := range map[time.Duration]int{time.Hour - 1: 200, time.Hour: 401} {
		now = start.Add(after)
		if w := ask(b, "GET", "/balance", ""); w.Code != want {
			t.Errorf("after %v: %d", after, w.Code)
		}
	}
}

func TestSafeMethods(t *testing.T) {
	b := open(t, bank.Options{SafeMethods: true})
	for _, test := range []struct {
		method, path, early string
		want                int
	}{{"POST", "/transfer", "1", 425}, {"GET", "/balance", "1", 200}, {"POST", "/transfer", "0", 200}} {
		w := ask(b, test.method, test.path, "to=bob&amount=100", "Early-Data: "+test.early)
		if w.Code != test.want {
			t.Errorf("%+v: %d", test, w.Code)
		}
	}
	has(t, b, "bob", 100)
}

func TestIdempotency(t *testing.T) {
	b := open(t, bank.Options{Idempotency: true})
	must(t, b.Login("bob", "bobs", start.Add(time.Hour)))
	for _, test := range []struct {
		form, key, cookie string
		status            int
		bob               int64
	}{
		{"to=bob&amount=100", "", "secret", 400, 0},
		{"to=bob&amount=600", "k1", "secret", 200, 600},
		{"to=bob&amount=600", "k1", "secret", 200, 600},
		{"to=bob&amount=601", "k1", "secret", 422, 600},
		{"to=bob&amount=600", "k2", "secret", 409, 600}, // not enough; and not kept, so that it may be asked again
		{"to=alice&amount=500", "k1", "bobs", 200, 100}, // another's key of the same name
		{"to=bob&amount=600", "k2", "secret", 200, 700},
	} {
		w := ask(b, "POST", "/transfer", test.form, "Idempotency-Key: "+test.key, "Cookie: session="+test.cookie)
		if w.Code != test.status {
			t.Errorf("%+v: %d %q", test, w.Code, w.Body)
		}
		has(t, b, "bob", test.bob)
	}
	first := ask(b, "POST", "/transfer", "to=bob&amount=100", "Idempotency-Key: k3").Body.String()
	if again := ask(b, "POST", "/transfer", "to=bob&amount=100", "Idempotency-Key: k3").Body.String(); again != first {
		t.Errorf("%q, and then %q", first, again)
	}
}

// TestAtOnce: of all who ask with one key at once, one moves money.
func TestAtOnce(t *testing.T) {
	b := open(t, bank.Options{Idempotency: true})
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if w := ask(b, "POST", "/transfer", "to=bob&amount=7", "Idempotency-Key: k"); w.Code != 200 {
				t.Errorf("%d %q", w.Code, w.Body)
			}
		})
	}
	all.Wait()
	has(t, b, "bob", 7)
}

// TestDisk: what is done is done, for the next who opens the ledger; and it is one at a time.
func TestDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	o := bank.Options{Idempotency: true, Time: func() time.Time { return start }}
	for i := range 2 {
		b, err := bank.Open(path, o)
		must(t, err)
		if i == 0 {
			must(t, b.OpenAccount("alice", 1000))
			must(t, b.OpenAccount("bob", 0))
			must(t, b.Login("alice", "secret", start.Add(time.Hour)))
		}
		if w := ask(b, "POST", "/transfer", "to=bob&amount=10&reference=rent", "Idempotency-Key: k"); w.Code != 200 {
			t.Error(w.Code)
		}
		has(t, b, "bob", 10)
		lines, err := b.Transfers()
		if err != nil || len(lines) != 1 || lines[0] != (bank.Transfer{From: "alice", To: "bob", Amount: 10, Reference: "rent"}) {
			t.Errorf("%+v, %v", lines, err)
		}
		must(t, b.Close())
	}
}

func TestLedgerFails(t *testing.T) {
	var told bank.Action
	b, err := bank.Open(filepath.Join(t.TempDir(), "ledger.db"), bank.Options{Watch: func(a bank.Action) { told = a }})
	must(t, err)
	must(t, b.Close())
	if w := ask(b, "GET", "/balance", ""); w.Code != 500 || told.Why != bank.NoLedger || told.Err == nil {
		t.Errorf("%d, %+v", w.Code, told)
	}
	if _, err := bank.Open(t.TempDir(), bank.Options{}); err == nil {
		t.Error("a directory is a ledger")
	}
	b = open(t, bank.Options{})
	if _, err := b.Balance("nobody"); !errors.Is(err, bank.ErrNoAccount) {
		t.Error(err)
	}
}
