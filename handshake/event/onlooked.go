package event

import "slices"

// SceneOnlooked is the Key of Onlooked.
const SceneOnlooked SceneKey = "onlooked"

// Onlooked says what each onlooker could make of records that have just gone over the wire:
// each record was tried, with what that onlooker has by then. Nothing is inferred from the
// state of the keys. Whoever plays the wire tells it, behind the events of the party that sent
// the records; where the records go to an interceptor who is to read them, it comes once that
// party has taken them in, and before anybody sends again, since his keys may come with them.
//
// A face finds the Record that an Overheard is about by its Wire, by connection and direction.
// Meta.Party is who sent the records, "client" or "attacker", and Meta.Conn the connection.
type Onlooked struct {
	Meta
	ToServer bool
	First    int // the number of Records[0] in this direction of this connection, from 1
	Records  []Overheard
	// Again: these records were told of before. An onlooker who could not read one of them
	// then can now, because of what has gone by since: a ticket that holds the secret comes
	// after the first record under it. All onlookers are in it, and what is told last holds.
	Again bool
}

// Overheard is a record as it went by, and what each onlooker made of it. Without TLS, where
// there are no records, it is what was sent at once.
type Overheard struct {
	Wire []byte // header included
	By   []Sight
}

// Sight is what one onlooker made of one record.
type Sight struct {
	Onlooker string // "listener", "mitm", "thief", "ticket_thief", "psk_thief", as narrate knows them
	Access   Access
}

// Access is whether an onlooker can read a record.
type Access string

// The kinds of access.
const (
	AccessReads  Access = "reads"       // now: it is in clear, or he has the keys
	AccessSealed Access = "sealed"      // not now, and not with the key that he will have
	AccessLater  Access = "reads_later" // from the recording, once he has stolen the key that makes him a thief
)

// Accesses lists every Access.
func Accesses() []Access { return []Access{AccessReads, AccessSealed, AccessLater} }

// Key returns SceneOnlooked.
func (*Onlooked) Key() SceneKey { return SceneOnlooked }

// Values are all of it; Again only where it is so.
func (o *Onlooked) Values() []Value {
	values := []Value{{"to_server", o.ToServer}, {"first", o.First}, {"records", o.Records}}
	if o.Again {
		values = append(values, Value{"again", true})
	}
	return values
}

// Of is what an onlooker made of the record; "" if he is not among them.
func (o Overheard) Of(onlooker string) Access {
	for _, s := range o.By {
		if s.Onlooker == onlooker {
			return s.Access
		}
	}
	return ""
}

// Sights is what each onlooker made of a message that came in these records, in the order in
// which the records name them. The most secret record decides: who reads only a part has not
// read the message. Of whom nobody tried one of the records it is known only
// where another is sealed to him; else he is not among them.
func Sights(records []Overheard) (out []Sight) {
	tried := map[string]int{}
	for _, r := range records {
		for _, s := range r.By {
			tried[s.Onlooker]++
			i := slices.IndexFunc(out, func(o Sight) bool { return o.Onlooker == s.Onlooker })
			if i < 0 {
				out = append(out, s)
			} else if s.Access.secrecy() > out[i].Access.secrecy() {
				out[i].Access = s.Access
			}
		}
	}
	return slices.DeleteFunc(out, func(s Sight) bool { return s.Access != AccessSealed && tried[s.Onlooker] < len(records) })
}

// secrecy orders kinds of access: what is higher is more secret.
func (a Access) secrecy() int {
	return slices.Index([]Access{AccessReads, AccessLater, AccessSealed}, a)
}

// Values are the bytes, and each onlooker's sight.
func (o Overheard) Values() []Value { return []Value{{"wire", o.Wire}, {"by", o.By}} }

// Values are both.
func (s Sight) Values() []Value {
	return []Value{{"onlooker", s.Onlooker}, {"access", s.Access}}
}
