package predict

import (
	"strconv"

	"tlslab/handshake/beside"
	"tlslab/handshake/event"
	"tlslab/handshake/render/sheet"
)

// addresses are where on the page of a lesson its messages and checks stand: "c1.server_hello",
// "c1.client.finished", the second of a name "c1.server_hello~2". A message is where it was sent; or
// where it was received, if nobody told of sending it.
func addresses(flows []beside.Flow) map[event.Event]string {
	out := map[event.Event]string{}
	taken := map[string]int{}
	take := func(e event.Event, label string) {
		label = "c" + strconv.Itoa(e.Head().Conn) + "." + label
		taken[label]++
		if n := taken[label]; n > 1 {
			label += "~" + strconv.Itoa(n)
		}
		out[e] = label
	}
	for _, f := range flows {
		sent := map[string][]string{} // by what it is, who has sent it and by whom it was not received yet
		came := func(party, what string) bool {
			for i, by := range sent[what] {
				if by != party {
					sent[what] = append(sent[what][:i:i], sent[what][i+1:]...)
					return true
				}
			}
			return false
		}
		told := map[sheet.Leg]bool{} // of the record that a party has received last, somebody told of sending it
		for _, e := range f.Events {
			what, label := "", ""
			switch e := e.(type) {
			case *event.Message:
				label = e.Kind.String()
				what = label + " " + string(e.Raw)
				if e.Dir == event.Receive && came(e.Party, what) {
					continue
				}
				if e.Dir == event.Send {
					sent[what] = append(sent[what], e.Party)
				}
			case *event.Data:
				label = "application_data"
				what = label + " " + string(e.Data)
				if e.Dir == event.Receive && (came(e.Party, what) || told[sheet.LegOf(&e.Meta)]) {
					continue
				}
				if e.Dir == event.Send {
					sent[what] = append(sent[what], e.Party)
				}
			case *event.Record:
				what = "record " + string(e.Wire)
				if e.Dir == event.Send {
					sent[what] = append(sent[what], e.Party)
				} else {
					told[sheet.LegOf(&e.Meta)] = came(e.Party, what)
				}
				continue
			case *event.Check:
				label = e.Party + "." + string(e.What)
			default:
				continue
			}
			take(e, label)
		}
	}
	return out
}
