package event

// SceneUnkept is the Key of Unkept.
const SceneUnkept SceneKey = "unkept"

// Unkept says that application data went by of which nothing is kept to be shown: there is too much of it.
// It stands where that went by. Endpoints never tell it, but whoever keeps their events for later.
type Unkept struct {
	Meta
	Records int   // of data; a face that numbers messages counts them
	Octets  int64 // of data in them

	ToServer, ToClient int64 // of these octets, by direction
}

// Key returns SceneUnkept.
func (*Unkept) Key() SceneKey { return SceneUnkept }

// Values are the numbers.
func (u *Unkept) Values() []Value {
	return []Value{{"unkept_records", u.Records}, {"unkept_octets", u.Octets}, {"unkept_to_server", u.ToServer}, {"unkept_to_client", u.ToClient}}
}
