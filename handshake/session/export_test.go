package session

// TicketKeyFile is the stored form, for the walk of its fields.
type TicketKeyFile = ticketKeyFile
