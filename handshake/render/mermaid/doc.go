// Package mermaid draws: what was told becomes a sequence diagram (Write), and the engine's
// table of moves a state diagram (StateDiagram), in the notation of Mermaid.
//
// It draws events and needs no engine: package lesson has WriteMermaid for a whole
// transcript. It makes no pictures; whatever reads Mermaid does.
//
// Read mermaid.go first; recorded.go is about bytes that an attacker sends again.
package mermaid
