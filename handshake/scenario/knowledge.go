package scenario

// Knowledge is what one party can do with the bytes of one flow. It is the Value
// of each value of a "knowledge" scene, and every line of it was run: an
// observer was given the recording and that party's keys, and this is what it read.
type Knowledge struct {
	Party          string // "client", "server", "listener", "thief"
	ReadsHandshake bool   // opened the encrypted Finished messages
	ReadsData      bool   // opened application data
	HasMaster      bool   // has, or recovered, the master secret
	CanImpersonate bool   // can be the server to a client that trusts its chain
	Plaintext      string // the application data it read, both ways; "" if none
}
