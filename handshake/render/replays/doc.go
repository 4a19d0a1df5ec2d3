// Package replays shows the attacks of package replay: how one goes (Replay), what all of
// them come to against all defences (WriteReplayMatrix), and which there are
// (WriteReplayList); and the same as documents of package transcript.
//
// It stands apart from package lesson because package replay links a bank with its database,
// and a program that prints a handshake does not need those. It knows no lesson of package
// scenario.
//
// Read replay.go first; flights.go tells a connection flight by flight.
package replays
