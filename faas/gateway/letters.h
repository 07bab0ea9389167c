/*
 * `svarm-gateway queue …`: what waits in the queues and what was given up, for people and for
 * `svarm queue` (docker exec).  Prints one JSON object; the exit status is 0, 1 when its "ok" is
 * false, 2 for a wrong command line.
 */
#pragma once

int letters_main(int argc, char **argv);
