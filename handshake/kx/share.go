package kx

import (
	"errors"
	"fmt"
	"io"

	"tlslab/handshake/reason"
)

// BadShare turns a Group's error into a *reason.Error about field, a dotted path
// such as "server_key_exchange.params.point". An error without a reason of its
// own, as a student's group may return, becomes reason.BadShare, and names no rule: which
// one the group goes by is not known here.
func BadShare(field string, err error) error {
	var e *reason.Error
	if !errors.As(err, &e) {
		return reason.Wrap(reason.BadShare, "", field, err)
	}
	if reason.OurFault(e.Reason) || e.Field != "" {
		return err
	}
	placed := *e
	placed.Field = field
	return &placed
}

// wrongLength refuses a share by its length in bytes.
func wrongLength(ref string, want, got int) error {
	return reason.New(reason.BadShare, ref, "", reason.Say("%d bytes", want), got)
}

// invalid refuses a share by its value.
func invalid(ref string, why error) error {
	return reason.Wrap(reason.BadShare, ref, "", why)
}

// fill reads exactly len(b) random bytes.
func fill(rand io.Reader, b []byte) error {
	if _, err := io.ReadFull(rand, b); err != nil {
		return reason.Fault("", reason.Because("random source: %v", err))
	}
	return nil
}

// maxDraws bounds rejection sampling: each draw succeeds with
// probability 1/2 or better, so a source that fails a hundred draws is no source.
const maxDraws = 100

var errStuck = reason.Fault("", reason.Because("random source: nothing usable in 100 draws"))

// typeName names a key's type for an error message.
func typeName(key any) string { return fmt.Sprintf("%T", key) }
