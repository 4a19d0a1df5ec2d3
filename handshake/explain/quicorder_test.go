package explain_test

import (
	"bytes"
	"context"
	"net/netip"
	"os"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/explain"
	"tlslab/handshake/observe"
	"tlslab/handshake/quic"
)

// A server that refuses the client's certificate says so in packets that stay closed: its one answer to packets with a short
// header does not show that the handshake came to its end.
func TestQUICCertificateRefused(t *testing.T) {
	file, err := os.ReadFile("testdata/quic_refused.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	all, _, err := read(t, file, explain.Options{})
	if err != nil || len(all) != 1 {
		t.Fatal(len(all), err)
	}
	if c := all[0]; c.Outcome.What != explain.Unseen || c.QUIC.Packets[1][quic.OneRTT] == 0 {
		t.Errorf("%+v, packets %v", c.Outcome, c.QUIC.Packets)
	}
	file, err = os.ReadFile("testdata/quic_v1.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	if all, _, err = read(t, file, explain.Options{}); err != nil || all[0].Outcome.What != explain.Done {
		t.Errorf("%+v, %v", all[0].Outcome, err)
	}
}

// swapped is a dialogue as a file, in which the client's first datagrams stand behind n of the server's.
func swapped(t *testing.T, n int) []byte {
	t.Helper()
	said := dialogueOf(t, "testdata/quic_v1.pcapng")
	var front, rest []int
	for i, d := range said {
		if !d.client && len(front) < n {
			front = append(front, i)
		} else {
			rest = append(rest, i)
		}
	}
	file := bytes.Clone(emptyFile)
	for _, i := range append(front, rest...) {
		from, to := local(40000), uint16(443)
		if !said[i].client {
			from, to = netip.AddrPortFrom(from.Addr(), 443), 40000
		}
		file = appendDatagram(file, from, to, said[i].b)
	}
	return file
}

// A recorder may have the server's answer before what it answers: it is one connection all the same, read as any.
func TestQUICAnswerFirst(t *testing.T) {
	for n := 1; n <= 2; n++ {
		file := swapped(t, n)
		all, totals, err := read(t, file, explain.Options{})
		if err != nil || len(all) != 1 || totals.Connections != 1 || totals.QUIC != 1 || totals.TLS != 1 {
			t.Fatalf("%d in front: %d told, %+v, %v", n, len(all), totals, err)
		}
		c := all[0]
		if c.Number != 1 || c.Packet != 1 || c.Midway || c.Outcome.What != explain.Done || c.Version == 0 || c.QUIC.Opened[1] == 0 {
			t.Errorf("%d in front: %s", n, account(c))
		}
		recorded, seq := 0, uint64(0)
		_, err = explain.Read(context.Background(), bytes.NewReader(file), explain.Options{Show: 1, Listener: event.ListenerFunc(func(e event.Event) {
			if seq++; e.Head().Seq != seq {
				t.Errorf("event %d is numbered %d", seq, e.Head().Seq)
			}
			if _, ok := e.(*explain.Recorded); ok {
				recorded++
			}
		})})
		if err != nil || recorded != 1 {
			t.Errorf("%d in front: its beginning is told %d times, %v", n, recorded, err)
		}
	}
}

// What stands before a connection's beginning and goes to other connection IDs is another's.
func TestQUICAnothersEnd(t *testing.T) {
	said := dialogueOf(t, "testdata/quic_v2.pcapng")
	file := bytes.Clone(emptyFile)
	for _, d := range said {
		if !d.client {
			file = appendDatagram(file, local(443), 40000, d.b)
			break
		}
	}
	file = append(file, swapped(t, 0)[len(emptyFile):]...)
	all, totals, err := read(t, file, explain.Options{})
	if err != nil || len(all) != 2 || totals.QUIC != 2 || !all[0].Midway || all[1].Midway {
		t.Errorf("%d told, %+v, %v", len(all), totals, err)
	}
}

// Who is silent is the end that did not answer: that it has received something is no answer.
func TestQUICSilent(t *testing.T) {
	dcid := []byte("12345678")
	ack := []byte{2, 0, 0, 0, 0, 0, 0, 0}
	client := initial(dcid, 0, append([]byte{1, 0, 0, 100}, make([]byte, 100)...))
	file := appendDatagram(bytes.Clone(emptyFile), local(40000), 443, client)
	file = appendDatagram(file, local(443), 40000, sealed(quic.NewSchedule(quic.V1, dcid).Ends[quic.Server], nil, ack))
	all, _, err := read(t, file, explain.Options{})
	if err != nil || len(all) != 1 {
		t.Fatal(len(all), err)
	}
	if o := all[0].Outcome; o.What != explain.Silent || o.By != "server" || all[0].QUIC.Opened != [2]int{1, 1} {
		t.Errorf("%+v, opened %v", o, all[0].QUIC.Opened)
	}
}

// 0-RTT data come from the pre-shared key alone, over QUIC too, and also where the server does not take it.
func TestQUICEarlyForThief(t *testing.T) {
	said := dialogueOf(t, "testdata/quic_v1.pcapng")
	file := bytes.Clone(emptyFile)
	early := append([]byte{0xd0, 0, 0, 0, 1, 8}, "12345678"...)
	early = append(append(early, 0, 0x40, 100), make([]byte, 100)...)
	for i, d := range said {
		from, to := local(40000), uint16(443)
		if !d.client {
			from, to = local(443), 40000
		}
		if file = appendDatagram(file, from, to, d.b); i == 0 {
			file = appendDatagram(file, from, to, early)
		}
	}
	all, _, err := read(t, file, explain.Options{Onlookers: true})
	if err != nil || len(all) != 1 {
		t.Fatal(len(all), err)
	}
	c := all[0]
	found := false
	for _, o := range c.Onlookers {
		for i, p := range c.Parts {
			if p.Part != observe.PartEarlyData {
				continue
			}
			found = true
			want := o.Whole
			if o.Party == explain.PSKThief {
				want = explain.Untried
			}
			if o.Parts[i] != want || o.Party == explain.PSKThief && o.Whole != explain.Untried {
				t.Errorf("%s: %s of 0-RTT data, %s of all", o.Party, o.Parts[i], o.Whole)
			}
		}
	}
	if !found {
		t.Errorf("no 0-RTT data: %v", c.Parts)
	}
}
