package bank

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

// The buckets of the ledger.
var (
	accounts  = []byte("accounts")  // name: balance, 64 bits, big-endian
	logins    = []byte("logins")    // SHA-256 of a cookie: login, in JSON
	transfers = []byte("transfers") // number, 64 bits, big-endian: Transfer in JSON
	answers   = []byte("answers")   // SHA-256 of name and idempotency key: kept, in JSON
)

func makeBuckets(tx *bolt.Tx) error {
	for _, name := range [][]byte{accounts, logins, transfers, answers} {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	return nil
}

// Transfer is a line of the ledger.
type Transfer struct {
	From, To  string
	Amount    int64
	Reference string // what it is for, as whoever asked for it says
}

// login is whom a cookie stands for, and how long.
type login struct {
	Name    string
	Expires time.Time
}

// kept is the answer to a transfer under a key, and for which transfer it was.
type kept struct {
	Transfer Transfer
	Answer   answer
}

// ErrNoAccount is returned for a name that has no account.
var ErrNoAccount = errors.New("no such account")

// OpenAccount makes an account, or sets the balance of one.
func (b *Bank) OpenAccount(name string, balance int64) error {
	return b.db.Update(func(tx *bolt.Tx) error { return writeBalance(tx, name, balance) })
}

// Login makes a cookie stand for an account until expires. The ledger has the cookie's
// hash alone.
func (b *Bank) Login(name, cookie string, expires time.Time) error {
	v, err := json.Marshal(login{name, expires})
	if err != nil {
		return err
	}
	return b.db.Update(func(tx *bolt.Tx) error { return tx.Bucket(logins).Put(cookieKey(cookie), v) })
}

// loggedIn is the user whom a cookie stands for at a time; "" if it stands for no user, or its
// login has expired.
func loggedIn(tx *bolt.Tx, cookie string, now time.Time) (string, error) {
	v := tx.Bucket(logins).Get(cookieKey(cookie))
	if v == nil {
		return "", nil
	}
	var l login
	if err := json.Unmarshal(v, &l); err != nil {
		return "", fmt.Errorf("a login in the ledger: %w", err)
	}
	if !now.Before(l.Expires) {
		return "", nil
	}
	return l.Name, nil
}

// Balance is what an account has. The error is ErrNoAccount, or comes from the
// ledger.
func (b *Bank) Balance(name string) (balance int64, err error) {
	err = b.db.View(func(tx *bolt.Tx) error {
		balance, err = readBalance(tx, name)
		return err
	})
	return balance, err
}

// Transfers lists what was moved, oldest first.
func (b *Bank) Transfers() (all []Transfer, err error) {
	err = b.db.View(func(tx *bolt.Tx) error {
		return tx.Bucket(transfers).ForEach(func(_, v []byte) error {
			var t Transfer
			if err := json.Unmarshal(v, &t); err != nil {
				return fmt.Errorf("a transfer in the ledger: %w", err)
			}
			all = append(all, t)
			return nil
		})
	})
	return all, err
}

func cookieKey(cookie string) []byte {
	h := sha256.Sum256([]byte(cookie))
	return h[:]
}

// answerKey belongs to one user: the same key of another user is another answerKey.
func answerKey(user, key string) []byte {
	h := sha256.Sum256([]byte(user + "\x00" + key))
	return h[:]
}

func readBalance(tx *bolt.Tx, name string) (int64, error) {
	v := tx.Bucket(accounts).Get([]byte(name))
	if len(v) != 8 {
		return 0, fmt.Errorf("%w: %q", ErrNoAccount, name)
	}
	return int64(binary.BigEndian.Uint64(v)), nil
}

func writeBalance(tx *bolt.Tx, name string, balance int64) error {
	return tx.Bucket(accounts).Put([]byte(name), binary.BigEndian.AppendUint64(nil, uint64(balance)))
}

// move moves money and writes it down, in the transaction at hand.
func move(tx *bolt.Tx, t Transfer) error {
	from, err := readBalance(tx, t.From)
	if err != nil {
		return err
	}
	to, err := readBalance(tx, t.To)
	if err != nil {
		return err
	}
	if t.From == t.To { // else it would be paid twice
		to = from - t.Amount
	}
	if err := writeBalance(tx, t.From, from-t.Amount); err != nil {
		return err
	}
	if err := writeBalance(tx, t.To, to+t.Amount); err != nil {
		return err
	}
	line, err := json.Marshal(t)
	if err != nil {
		return err
	}
	ledger := tx.Bucket(transfers)
	n, err := ledger.NextSequence()
	if err != nil {
		return err
	}
	return ledger.Put(binary.BigEndian.AppendUint64(nil, n), line)
}
