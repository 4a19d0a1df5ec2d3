package bank

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	bolt "go.etcd.io/bbolt"
)

// maxForm bounds the body of a transfer: two short fields.
const maxForm = 1 << 12

// transfer moves money: once for each time it is asked, or with Options.Idempotency once
// for each key. Question, movement and kept answer are one transaction, so of all who ask
// with one key at once, one moves money.
func (b *Bank) transfer(w http.ResponseWriter, r *http.Request) {
	a, ok := b.begin(w, r)
	if !ok {
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	amount, err := strconv.ParseInt(r.PostFormValue("amount"), 10, 64)
	t := Transfer{From: a.User, To: r.PostFormValue("to"), Amount: amount, Reference: r.PostFormValue("reference")}
	if err != nil || amount <= 0 {
		b.answer(w, a, answer{http.StatusBadRequest, BadForm, "how much, and to whom?\n"})
		return
	}
	key := ""
	if b.o.Idempotency {
		if key = r.Header.Get(IdempotencyKey); key == "" {
			b.answer(w, a, answer{http.StatusBadRequest, NoKey, "a transfer needs an " + IdempotencyKey + "\n"})
			return
		}
	}
	var to answer
	err = b.db.Update(func(tx *bolt.Tx) (err error) {
		to, err = decide(tx, t, key)
		return err
	})
	if err != nil {
		b.fail(w, a, err)
		return
	}
	if to.Status == http.StatusOK && to.Why == "" {
		a.From, a.To, a.Amount = t.From, t.To, t.Amount
	}
	b.answer(w, a, to)
}

// decide makes a transfer, or says why not. key is "" without Options.Idempotency.
func decide(tx *bolt.Tx, t Transfer, key string) (answer, error) {
	if key != "" {
		if v := tx.Bucket(answers).Get(answerKey(t.From, key)); v != nil {
			var k kept
			if err := json.Unmarshal(v, &k); err != nil {
				return answer{}, fmt.Errorf("an answer in the ledger: %w", err)
			}
			if k.Transfer != t {
				return answer{http.StatusUnprocessableEntity, OtherUse, "that key is another transfer's\n"}, nil
			}
			k.Answer.Why = SeenKey
			return k.Answer, nil
		}
	}
	from, err := readBalance(tx, t.From)
	if err != nil {
		return answer{}, err
	}
	to := answer{http.StatusOK, "", fmt.Sprintf("%d to %s; %s has %d\n", t.Amount, t.To, t.From, from-t.Amount)}
	switch {
	case tx.Bucket(accounts).Get([]byte(t.To)) == nil:
		return answer{http.StatusBadRequest, BadForm, "no such account\n"}, nil
	case from < t.Amount: // not kept: it may be asked again when there is money
		return answer{http.StatusConflict, NotEnough, "not enough money\n"}, nil
	}
	if err := move(tx, t); err != nil || key == "" {
		return to, err
	}
	v, err := json.Marshal(kept{t, to})
	if err != nil {
		return answer{}, err
	}
	return to, tx.Bucket(answers).Put(answerKey(t.From, key), v)
}
