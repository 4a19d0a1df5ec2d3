// Package lesson is the verbs whose handshakes run in this process: run, compare and replay.
//
// It is no more than flags: what is played is in the packages scenario and replay, how it is
// shown in render. Read run.go first; flow.go says which flows a run plays, step.go stops
// before each move.
package lesson
