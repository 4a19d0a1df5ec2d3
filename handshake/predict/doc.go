// Package predict asks about a lesson before it is told: what comes next, who can read it, will it be
// believed, what does a switch change. It takes what was played and makes questions, each with its
// choices, of which exactly one is right, and with a reason for every choice.
//
// All of it is from the run: which message came, what each onlooker made of it, how a check went, what
// differs in a second run. A wrong choice for what comes next is a message that no move of the table
// allows at either end just then, and its reason is read off that table. The words are narrate's.
//
// It plays nothing and draws nothing, and has no socket, file or chance of its own: the lesson's seed
// decides which moments are asked about and in which order the choices stand.
//
// Read predict.go first, then next.go.
package predict
