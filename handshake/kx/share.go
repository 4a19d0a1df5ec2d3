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

// OwnShare returns what an Offer or an Answer of this end sends, in a message that has room for most bytes of it. If
// there is none, or too much, that is reason.Internal about field: a fault of the group's, a student's perhaps, and
// none of the peer's, who would be told so by the message that has no room.
func OwnShare(end interface{ Share() []byte }, field string, most int) ([]byte, error) {
	var share []byte
	if end != nil {
		share = end.Share()
	}
	if len(share) == 0 || len(share) > most {
		return nil, reason.New(reason.Internal, "", field, reason.Say("1 to %d bytes", most), len(share))
	}
	return share, nil
}
