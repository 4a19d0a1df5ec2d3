package reason

import "testing"

// A number that is 1 has its noun beside it, whatever else the phrase says; and nothing else is changed.
func TestNumbersAgree(t *testing.T) {
	for _, c := range []struct {
		phrase Phrase
		want   string
	}{
		{Say("at least %d bytes", 1), "at least 1 byte"},
		{Say("at least %d bytes", 11), "at least 11 bytes"},
		{Say("%d bytes of %s", uint16(1), "1 bytes"), "1 byte of 1 bytes"},
		{Say("%s, 100%% of %d bytes, %d bytes, %d bits", "x", 2, 1, int64(1)), `x, 100% of 2 bytes, 1 byte, 1 bit`},
		{Say("%d bytesize", 2), "2 bytesize"},
		{Say("%d left", 1), "1 left"},
	} {
		if got := c.phrase.String(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
