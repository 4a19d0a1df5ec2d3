package event

// Scene is what a lesson does around its endpoints: a CA issues, a thief copies a key, an
// interceptor forges. Endpoints never emit one. Each is a struct of the package that plays
// it, or a student's own, with Meta inside and a pointer receiver:
//
//	type Coffee struct {
//		event.Meta
//		Cups int
//	}
//
//	func (*Coffee) Key() event.SceneKey       { return SceneCoffee }
//	func (c *Coffee) Entry() event.SceneKey   { return c.Key() }
//	func (c *Coffee) Values() []event.Value   { return []event.Value{{"cups", c.Cups}} }
type Scene interface {
	Event
	// Key is what happened, and the same each time: "mitm_forge". A transcript names the
	// scene by it.
	Key() SceneKey
	// Entry is narrate's key of the words for how it happened this time: Key, or Key with a
	// variant behind a plus, "mitm_forge+stolen".
	Entry() SceneKey
	// Values are what there is to show, in the order to be shown. A value that is to be
	// left out this time is not among them.
	Values() []Value
}

// SceneKey names a scene.
type SceneKey string

// Value is one value of a scene.
type Value struct {
	Name  string
	Value any // string, []byte, int, []int, bool, time.Time, error, *x509.Certificate, *pki.Report, Valued
}

// Valued is a value that has parts, such as what one party knows.
type Valued interface{ Values() []Value }

// Bag is gone soon.
type Bag struct {
	Meta
	K  SceneKey
	Vs []Value
}

func (b *Bag) Key() SceneKey   { return b.K }
func (b *Bag) Entry() SceneKey { return b.K }
func (b *Bag) Values() []Value { return b.Vs }

// Get is gone soon.
func Get(s Scene, name string) any {
	for _, v := range s.Values() {
		if v.Name == name {
			return v.Value
		}
	}
	return nil
}
