package event_test

import (
	"slices"
	"testing"

	"tlslab/handshake/event"
)

// TestSights: of the records of a message the most secret one decides, whichever it is; and where
// one was not tried, nobody is said to read the message.
func TestSights(t *testing.T) {
	const reads, later, sealed = event.AccessReads, event.AccessLater, event.AccessSealed
	type by map[string]event.Access // who, of "listener" and "thief"
	for name, c := range map[string]struct {
		records []by
		want    by
	}{
		"none":                         {nil, by{}},
		"one":                          {[]by{{"listener": sealed, "thief": later}}, by{"listener": sealed, "thief": later}},
		"sealed behind":                {[]by{{"listener": reads, "thief": reads}, {"listener": sealed, "thief": later}}, by{"listener": sealed, "thief": later}},
		"sealed before":                {[]by{{"listener": sealed, "thief": later}, {"listener": reads, "thief": reads}}, by{"listener": sealed, "thief": later}},
		"sealed and later":             {[]by{{"thief": later}, {"thief": sealed}, {"thief": later}}, by{"thief": sealed}},
		"the first was not tried":      {[]by{{}, {"listener": reads, "thief": later}}, by{}},
		"… and the other is sealed":    {[]by{{}, {"listener": sealed, "thief": later}}, by{"listener": sealed}},
		"the last was not tried":       {[]by{{"listener": reads, "thief": later}, {}}, by{}},
		"one onlooker was left out":    {[]by{{"listener": reads}, {"listener": reads, "thief": reads}}, by{"listener": reads}},
		"nothing is known of a record": {[]by{{}, {}}, by{}},
	} {
		t.Run(name, func(t *testing.T) {
			var records []event.Overheard
			for _, r := range c.records {
				var o event.Overheard
				for _, who := range []string{"listener", "thief"} {
					if a := r[who]; a != "" {
						o.By = append(o.By, event.Sight{Onlooker: who, Access: a})
					}
				}
				records = append(records, o)
			}
			var want []event.Sight
			for _, who := range []string{"listener", "thief"} {
				if a := c.want[who]; a != "" {
					want = append(want, event.Sight{Onlooker: who, Access: a})
				}
			}
			if got := event.Sights(records); !slices.Equal(got, want) {
				t.Errorf("%v, and not %v", got, want)
			}
		})
	}
}
