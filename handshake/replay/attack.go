package replay

// Attack is one of the attacks: a script over honest code, and what the lesson says
// that the attacker stole.
type Attack struct {
	Name   string
	Number int // of the ten of the lesson; two have two variants
	Stolen []Loot

	works  Why // why it works where it does; "" if it does nowhere
	script func(*world) error
}

// Attacks lists them, in the order of the lesson.
func Attacks() []Attack {
	return []Attack{
		{Name: "recorded-connection", Number: 1, script: recordedConnection},
		{Name: "record-replay", Number: 2, script: recordReplay},
		{Name: "session-id", Number: 3, script: capturedSessionID},
		{Name: "stolen-master", Number: 4, works: WhyHasSecret, Stolen: []Loot{LootMasterSecret}, script: stolenMaster},
		{Name: "ticket", Number: 5, script: capturedTicket},
		{Name: "ticket-with-secret", Number: 5, works: WhyHasSecret, Stolen: []Loot{LootTicketSecret}, script: stolenTicket},
		{Name: "stolen-ticket-key", Number: 6, works: WhyHasTicketKey, Stolen: []Loot{LootTicketKey}, script: stolenTicketKey},
		{Name: "early-data", Number: 7, works: WhyEarlyDataTaken, script: earlyData},
		{Name: "second-server", Number: 8, works: WhyOtherServer, script: secondServer},
		{Name: "second-server-shared", Number: 8, works: WhyOtherServer, script: secondServerShared},
		{Name: "restart", Number: 9, works: WhyForgotten, script: restart},
		{Name: "drop-and-retry", Number: 10, works: WhyClientRetries, script: dropAndRetry},
	}
}

func find(name string) (*Attack, error) {
	var known []string
	for _, a := range Attacks() {
		if a.Name == name {
			return &a, nil
		}
		known = append(known, a.Name)
	}
	return nil, &UnknownError{"attack", name, known}
}
