package proxytest

import (
	"errors"
	"slices"
	"testing"

	"tlslab/handshake/mitm/relay"
)

// Compare plays x directly and in each of forms, and wants each end to have heard the same, but
// for the exceptions that x names; and each of those noted, if it has a note, and no other.
func Compare(t *testing.T, x *Exchange, forms ...Form) {
	var direct *Transcript
	for _, f := range forms {
		if slices.Contains(x.NotIn, f) {
			continue
		}
		if direct == nil {
			direct = Play(t, x, f.Without())
		}
		t.Run(string(f), func(t *testing.T) {
			got := Play(t, x, f)
			if client, server := x.ends(direct); x.refused() == nil && (got.ClientOver != client || got.ServerOver != server && got.ServerOver != NoEnd) {
				// Whether an end comes before a reset or behind it may be the order of two packets. What
				// is the relay's doing is seen again.
				got = Play(t, x, f)
			}
			x.same(t, direct, got, f)
		})
	}
}

// ends is how each end's stream is to end: as directly, or as a step says that it does here.
func (x *Exchange) ends(direct *Transcript) (client, server End) {
	client, server = direct.ClientOver, direct.ServerOver
	for _, s := range x.Steps {
		switch {
		case s.ends == "":
		case s.Who == relay.Client:
			server = s.ends
		default:
			client = s.ends
		}
	}
	return client, server
}

// same compares what was heard in a form with what was heard directly.
func (x *Exchange) same(t *testing.T, direct, got *Transcript, f Form) {
	var notes, want []relay.Note
	for _, e := range got.Entries {
		for _, n := range e.Notes {
			if n != relay.NoteBareLF { // which changes nothing
				notes = append(notes, n)
			}
		}
	}
	if f == Forward && len(notes) > 0 {
		want = append(want, relay.NoteOriginForm)
	}
	refused, changed := x.refused(), false
	for _, e := range x.Exceptions {
		changed = true
		if e.Note != "" && (e.Note != relay.NoteHost || f == Forward) {
			want = append(want, e.Note)
		}
	}
	if got, want := set(notes), set(want); !slices.Equal(got, want) {
		t.Errorf("the entries note %v, want %v", got, want)
	}
	if refused != nil {
		if !slices.ContainsFunc(x.Exceptions, func(e Exception) bool { return e.Refusal || e == NoReply }) {
			t.Error("what is refused names no exception")
		}
		x.told(t, got, refused)
		return
	}
	if !changed && (direct.Client != got.Client || direct.Server != got.Server) {
		t.Errorf("the client heard %.300q, directly %.300q; the server heard %.300q, directly %.300q", got.Client, direct.Client, got.Server, direct.Server)
	}
	client, server := x.ends(direct)
	if got.ClientOver != client {
		t.Errorf("the client's stream is %s, directly %s", got.ClientOver, client)
	}
	if got.ServerOver != server && got.ServerOver != NoEnd {
		t.Errorf("the server's stream is %s, directly %s", got.ServerOver, server)
	}
	if got.Connections > 0 {
		t.Errorf("the server was connected to %d times more", got.Connections)
	}
}

func (x *Exchange) refused() *Refused {
	for _, s := range x.Steps {
		if s.refused != nil {
			return s.refused
		}
	}
	return nil
}

// told checks that an entry says which rule was broken, and by whom.
func (x *Exchange) told(t *testing.T, got *Transcript, want *Refused) {
	if want.Rule == "" {
		return
	}
	for _, e := range got.Entries {
		r := (*relay.Refusal)(nil)
		if e.Fault != nil && errors.As(e.Fault.Err, &r) && r.Rule == want.Rule && string(e.Fault.Side) == string(r.From) {
			return
		}
	}
	for _, e := range got.Entries {
		t.Logf("%s, %v", e, e.Fault)
	}
	t.Errorf("no entry tells of %s", want.Rule)
}

func set(n []relay.Note) []relay.Note {
	n = slices.Clone(n)
	slices.Sort(n)
	return slices.Compact(n)
}
