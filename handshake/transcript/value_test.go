package transcript_test

import (
	"encoding/hex"
	"errors"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/transcript"
)

// A value answers as what it is.
func TestValue(t *testing.T) {
	code := transcript.ValueOf(iana.TLS13)
	if c, ok := code.Code(); !ok || c != (transcript.Code{Hex: "0x0304", Name: "TLS 1.3", Value: 772}) || code.String() != "TLS 1.3" {
		t.Errorf("%+v", code)
	}
	if n, ok := code.Int(); n != 772 || !ok {
		t.Error(n, ok)
	}
	if n, ok := transcript.ValueOf(-3).Int(); n != -3 || !ok {
		t.Error(n, ok)
	}
	if b, ok := transcript.ValueOf([]byte{1, 0xff}).Bytes(); !ok || hex.EncodeToString(b) != "01ff" {
		t.Error(b, ok)
	}
	if !transcript.ValueOf(true).True() || transcript.ValueOf("true").True() {
		t.Error("true")
	}
	list := transcript.ValueOf([]iana.Version{iana.TLS13, iana.TLS12}).List()
	if len(list) != 2 || list[1].String() != "TLS 1.2" {
		t.Error(list)
	}
	fault := transcript.ValueOf(errors.New("no"))
	if fault.Get("reason").String() != "internal" || fault.Get("message").String() != "no" || !fault.Get("nothing").IsZero() || len(fault.Members()) != 4 {
		t.Errorf("%v", fault)
	}
	var zero transcript.Value
	if _, ok := zero.Int(); ok || zero.String() != "" || zero.List() != nil || zero.True() || !zero.IsZero() {
		t.Error("the zero value")
	}
}
