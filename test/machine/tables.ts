/**
 * The published table, cell by cell. `·` nothing happens, `note` a fact changes and no more, `-` the setting does not
 * reach the state, or not so early; else the state, its reason, the bearer where that changes. Derived from
 * the design; a change here is a change of the package's behaviour.
 */
export const tables = `
eager                                             | loggedOut   | active                       | nearingExpiry                | refreshing                           | retrying                     | expired
--------------------------------------------------|-------------|------------------------------|------------------------------|--------------------------------------|------------------------------|-------------------------
session.started login @early                      | active good | active                       | active                       | active                               | active                       | active good
session.ended user @early                         | ·           | loggedOut (user) none        | loggedOut (user) none        | loggedOut (user) none                | loggedOut (user) none        | loggedOut (user)
session.ended elsewhere @early                    | ·           | loggedOut (elsewhere) none   | loggedOut (elsewhere) none   | loggedOut (elsewhere) none           | loggedOut (elsewhere) none   | loggedOut (elsewhere)
session.ended backChannel @early                  | ·           | loggedOut (backChannel) none | loggedOut (backChannel) none | loggedOut (backChannel) none         | loggedOut (backChannel) none | loggedOut (backChannel)
session.ended never @early                        | ·           | loggedOut (never) none       | loggedOut (never) none       | loggedOut (never) none               | loggedOut (never) none       | loggedOut (never)
session.restored to look @early                   | note        | loggedOut (never) none       | loggedOut (never) none       | loggedOut (never) none               | loggedOut (never) none       | loggedOut (never)
session.restored to nobody @early                 | ·           | loggedOut (never) none       | loggedOut (never) none       | loggedOut (never) none               | loggedOut (never) none       | loggedOut (never)
session.renewed newer @early                      | ·           | active                       | active                       | active                               | active                       | active good
session.renewed same @early                       | ·           | ·                            | ·                            | active                               | ·                            | ·
session.renewed older @early                      | ·           | ·                            | ·                            | ·                                    | ·                            | ·
session.renewed epoch before @early               | ·           | ·                            | ·                            | ·                                    | ·                            | ·
session.renewed epoch after @early                | ·           | ·                            | ·                            | ·                                    | ·                            | ·
session.renewed short-lived @early                | ·           | retrying                     | retrying                     | retrying                             | retrying                     | retrying
session.renewed no bearer @early                  | ·           | retrying                     | retrying                     | retrying                             | retrying                     | retrying
session.renewed no bearer, no token @early        | ·           | retrying                     | retrying                     | retrying                             | retrying                     | expired (notRefreshable)
refresh.asked caller @soon                        | ·           | ·                            | -                            | -                                    | -                            | -
refresh.asked caller @mid                         | ·           | ·                            | -                            | -                                    | -                            | -
refresh.asked caller @early                       | ·           | refreshing                   | refreshing                   | ·                                    | ·                            | ·
refresh.asked caller @later                       | ·           | refreshing                   | refreshing                   | ·                                    | refreshing                   | ·
refresh.asked caller @end                         | ·           | refreshing ended             | refreshing ended             | ·                                    | refreshing ended             | ·
refresh.asked user @soon                          | ·           | ·                            | -                            | -                                    | -                            | -
refresh.asked user @mid                           | ·           | refreshing                   | -                            | -                                    | -                            | -
refresh.asked user @early                         | ·           | refreshing                   | refreshing                   | ·                                    | note                         | ·
refresh.asked user @later                         | ·           | refreshing                   | refreshing                   | ·                                    | refreshing                   | ·
refresh.asked user @end                           | ·           | refreshing ended             | refreshing ended             | ·                                    | refreshing ended             | ·
refresh.asked force @soon                         | ·           | ·                            | -                            | -                                    | -                            | -
refresh.asked force @mid                          | ·           | refreshing                   | -                            | -                                    | -                            | -
refresh.asked force @early                        | ·           | refreshing                   | refreshing                   | ·                                    | note                         | ·
refresh.asked force @later                        | ·           | refreshing                   | refreshing                   | ·                                    | refreshing                   | ·
refresh.asked force @end                          | ·           | refreshing ended             | refreshing ended             | ·                                    | refreshing ended             | ·
bearer.rejected current @soon                     | ·           | retrying rejected            | -                            | -                                    | -                            | -
bearer.rejected current @mid                      | ·           | refreshing rejected          | -                            | -                                    | -                            | -
bearer.rejected current @early                    | ·           | refreshing rejected          | refreshing rejected          | note rejected                        | note rejected                | ·
bearer.rejected current @end                      | ·           | refreshing rejected          | refreshing rejected          | note rejected                        | note rejected                | ·
bearer.accepted current @soon                     | ·           | note                         | -                            | -                                    | -                            | -
bearer.accepted current @early                    | ·           | note                         | note                         | note                                 | note                         | ·
bearer.accepted older @early                      | ·           | ·                            | ·                            | ·                                    | ·                            | ·
bearer.accepted newer @early                      | ·           | ·                            | ·                            | ·                                    | ·                            | ·
bearer.accepted epoch before @early               | ·           | ·                            | ·                            | ·                                    | ·                            | ·
bearer.rejected older @early                      | ·           | ·                            | ·                            | ·                                    | ·                            | ·
bearer.rejected newer @early                      | ·           | ·                            | ·                            | ·                                    | ·                            | ·
bearer.rejected epoch before @early               | ·           | ·                            | ·                            | ·                                    | ·                            | ·
time.checked @soon                                | ·           | ·                            | -                            | -                                    | -                            | -
time.checked @mid                                 | ·           | ·                            | -                            | -                                    | -                            | -
time.checked @due                                 | ·           | refreshing                   | -                            | -                                    | -                            | -
time.checked @lead                                | ·           | refreshing                   | ·                            | ·                                    | ·                            | ·
time.checked @early                               | ·           | refreshing                   | ·                            | ·                                    | ·                            | ·
time.checked @later                               | ·           | refreshing                   | ·                            | ·                                    | refreshing                   | ·
time.checked @end                                 | ·           | refreshing ended             | note ended                   | note ended                           | refreshing ended             | ·
time.checked @long                                | ·           | refreshing ended             | note ended                   | note ended                           | refreshing ended             | ·
refresh.refused current @early                    | ·           | ·                            | ·                            | retrying                             | ·                            | ·
refresh.refused older @early                      | ·           | ·                            | ·                            | ·                                    | ·                            | ·
refresh.refused epoch before @early               | ·           | ·                            | ·                            | ·                                    | ·                            | ·
refresh.refused misconfigured @early              | ·           | ·                            | ·                            | retrying                             | ·                            | ·
refresh.refused with Retry-After @early           | ·           | ·                            | ·                            | retrying                             | ·                            | ·
refresh.unknown afterBearerEnds @early            | ·           | ·                            | ·                            | retrying                             | ·                            | ·
refresh.unknown afterBearerEnds @later            | ·           | ·                            | ·                            | retrying                             | ·                            | ·
refresh.unknown afterBearerEnds @end              | ·           | ·                            | ·                            | retrying                             | ·                            | ·
refresh.unknown afterBearerEnds, no answer @early | ·           | ·                            | ·                            | retrying                             | ·                            | ·
refresh.unknown afterBearerEnds, no answer @later | ·           | ·                            | ·                            | retrying                             | ·                            | ·
refresh.unknown afterBearerEnds, no answer @end   | ·           | ·                            | ·                            | retrying                             | ·                            | ·
refresh.unknown never @early                      | ·           | ·                            | ·                            | retrying                             | ·                            | ·
refresh.unknown never @later                      | ·           | ·                            | ·                            | retrying                             | ·                            | ·
refresh.unknown never @end                        | ·           | ·                            | ·                            | expired (refreshOutcomeUnknown) none | ·                            | ·
refresh.unknown withinMs @early                   | ·           | ·                            | ·                            | retrying                             | ·                            | ·
refresh.unknown withinMs @later                   | ·           | ·                            | ·                            | retrying                             | ·                            | ·
refresh.unknown withinMs @end                     | ·           | ·                            | ·                            | retrying                             | ·                            | ·
refresh.unknown older @early                      | ·           | ·                            | ·                            | ·                                    | ·                            | ·
refresh.unknown older @later                      | ·           | ·                            | ·                            | ·                                    | ·                            | ·
refresh.unknown older @end                        | ·           | ·                            | ·                            | ·                                    | ·                            | ·
refresh.unknown epoch before @early               | ·           | ·                            | ·                            | ·                                    | ·                            | ·
refresh.unknown epoch before @later               | ·           | ·                            | ·                            | ·                                    | ·                            | ·
refresh.unknown epoch before @end                 | ·           | ·                            | ·                            | ·                                    | ·                            | ·
refresh.rejected refreshRejected @early           | ·           | expired (refreshRejected) none| expired (refreshRejected) none| expired (refreshRejected) none       | expired (refreshRejected) none| ·
refresh.rejected missingCredential @early         | ·           | expired (missingCredential) none| expired (missingCredential) none| expired (missingCredential) none     | expired (missingCredential) none| ·
refresh.rejected accessRevoked @early             | ·           | expired (accessRevoked) none | expired (accessRevoked) none | expired (accessRevoked) none         | expired (accessRevoked) none | ·
refresh.rejected identityMismatch @early          | ·           | expired (identityMismatch) none| expired (identityMismatch) none| expired (identityMismatch) none      | expired (identityMismatch) none| ·
refresh.rejected keyLost @early                   | ·           | expired (keyLost) none       | expired (keyLost) none       | expired (keyLost) none               | expired (keyLost) none       | ·
refresh.rejected stepUpRequired @early            | ·           | expired (stepUpRequired) none| expired (stepUpRequired) none| expired (stepUpRequired) none        | expired (stepUpRequired) none| ·
refresh.rejected older @early                     | ·           | ·                            | ·                            | ·                                    | ·                            | ·
refresh.rejected epoch before @early              | ·           | ·                            | ·                            | ·                                    | ·                            | ·
refresh.unsupported for now @early                | ·           | ·                            | ·                            | nearingExpiry                        | ·                            | ·
refresh.unsupported for now @later                | ·           | ·                            | ·                            | nearingExpiry                        | ·                            | ·
refresh.unsupported for now @end                  | ·           | ·                            | ·                            | expired (refreshUnsupported) none    | ·                            | ·
refresh.unsupported for good @early               | ·           | ·                            | ·                            | nearingExpiry                        | ·                            | ·
refresh.unsupported for good @later               | ·           | ·                            | ·                            | nearingExpiry                        | ·                            | ·
refresh.unsupported for good @end                 | ·           | ·                            | ·                            | expired (refreshUnsupported) none    | ·                            | ·
refresh.unsupported older @early                  | ·           | ·                            | ·                            | ·                                    | ·                            | ·
refresh.unsupported epoch before @early           | ·           | ·                            | ·                            | ·                                    | ·                            | ·
user.changed idle @early                          | note        | note                         | ·                            | note                                 | note                         | note
user.changed back @early                          | ·           | ·                            | refreshing                   | ·                                    | ·                            | ·
user.changed back @later                          | ·           | ·                            | refreshing                   | ·                                    | ·                            | ·
user.changed back @end                            | ·           | ·                            | refreshing ended             | ·                                    | ·                            | ·
network.restored @early                           | ·           | ·                            | ·                            | ·                                    | refreshing                   | ·
network.restored @later                           | ·           | ·                            | ·                            | ·                                    | refreshing                   | ·
network.restored @end                             | ·           | ·                            | ·                            | ·                                    | refreshing ended             | ·

eager, idle                            | loggedOut | active              | nearingExpiry       | refreshing                           | retrying           | expired
---------------------------------------|-----------|---------------------|---------------------|--------------------------------------|--------------------|------------
refresh.asked caller @early            | ·         | refreshing          | refreshing          | ·                                    | ·                  | ·
refresh.asked caller @later            | ·         | refreshing          | refreshing          | ·                                    | refreshing         | ·
refresh.asked caller @end              | ·         | refreshing ended    | refreshing ended    | ·                                    | refreshing ended   | ·
refresh.asked user @mid                | ·         | refreshing          | -                   | -                                    | -                  | -
refresh.asked user @early              | ·         | refreshing          | refreshing          | note                                 | note               | ·
refresh.asked user @later              | ·         | refreshing          | refreshing          | note                                 | refreshing         | ·
refresh.asked user @end                | ·         | refreshing ended    | refreshing ended    | note                                 | refreshing ended   | ·
refresh.asked force @mid               | ·         | refreshing          | -                   | -                                    | -                  | -
refresh.asked force @early             | ·         | refreshing          | refreshing          | ·                                    | note               | ·
refresh.asked force @later             | ·         | refreshing          | refreshing          | ·                                    | refreshing         | ·
refresh.asked force @end               | ·         | refreshing ended    | refreshing ended    | ·                                    | refreshing ended   | ·
bearer.rejected current @mid           | ·         | refreshing rejected | -                   | -                                    | -                  | -
bearer.rejected current @early         | ·         | refreshing rejected | refreshing rejected | note rejected                        | note rejected      | ·
bearer.rejected current @end           | ·         | refreshing rejected | refreshing rejected | note rejected                        | note rejected      | ·
time.checked @lead                     | ·         | nearingExpiry       | ·                   | ·                                    | ·                  | ·
time.checked @later                    | ·         | nearingExpiry       | ·                   | ·                                    | note +reread       | ·
time.checked @end                      | ·         | nearingExpiry ended | note ended          | note ended                           | note ended +reread | ·
time.checked @long                     | ·         | nearingExpiry ended | note ended          | note ended                           | note ended +reread | ·
user.changed back @mid                 | ·         | note                | -                   | -                                    | -                  | -
user.changed back @early               | ·         | note                | refreshing          | note                                 | note               | note
user.changed back @end                 | ·         | note                | refreshing ended    | note                                 | note               | note
network.restored @early                | ·         | ·                   | ·                   | ·                                    | refreshing         | ·
network.restored @end                  | ·         | ·                   | ·                   | ·                                    | refreshing ended   | ·
session.renewed newer @early           | ·         | active              | active              | active                               | active             | active good
session.renewed newer @end             | ·         | active              | active              | active                               | active             | active good
session.renewed no bearer @early       | ·         | retrying            | retrying            | retrying                             | retrying           | retrying
refresh.unknown afterBearerEnds @early | ·         | ·                   | ·                   | retrying                             | ·                  | ·
refresh.unknown afterBearerEnds @end   | ·         | ·                   | ·                   | retrying                             | ·                  | ·
refresh.unknown never @early           | ·         | ·                   | ·                   | retrying                             | ·                  | ·
refresh.unknown never @end             | ·         | ·                   | ·                   | expired (refreshOutcomeUnknown) none | ·                  | ·
refresh.unknown withinMs @early        | ·         | ·                   | ·                   | retrying                             | ·                  | ·
refresh.unknown withinMs @end          | ·         | ·                   | ·                   | retrying                             | ·                  | ·
refresh.unsupported for now @early     | ·         | ·                   | ·                   | nearingExpiry                        | ·                  | ·
refresh.unsupported for now @end       | ·         | ·                   | ·                   | expired (refreshUnsupported) none    | ·                  | ·
refresh.unsupported for good @early    | ·         | ·                   | ·                   | nearingExpiry                        | ·                  | ·
refresh.unsupported for good @end      | ·         | ·                   | ·                   | expired (refreshUnsupported) none    | ·                  | ·

onDemand                               | loggedOut | active              | nearingExpiry       | refreshing                           | retrying           | expired
---------------------------------------|-----------|---------------------|---------------------|--------------------------------------|--------------------|------------
refresh.asked caller @early            | ·         | refreshing          | refreshing          | ·                                    | ·                  | ·
refresh.asked caller @later            | ·         | refreshing          | refreshing          | ·                                    | refreshing         | ·
refresh.asked caller @end              | ·         | refreshing ended    | refreshing ended    | ·                                    | refreshing ended   | ·
refresh.asked user @mid                | ·         | refreshing          | -                   | -                                    | -                  | -
refresh.asked user @early              | ·         | refreshing          | refreshing          | ·                                    | note               | ·
refresh.asked user @later              | ·         | refreshing          | refreshing          | ·                                    | refreshing         | ·
refresh.asked user @end                | ·         | refreshing ended    | refreshing ended    | ·                                    | refreshing ended   | ·
refresh.asked force @mid               | ·         | refreshing          | -                   | -                                    | -                  | -
refresh.asked force @early             | ·         | refreshing          | refreshing          | ·                                    | note               | ·
refresh.asked force @later             | ·         | refreshing          | refreshing          | ·                                    | refreshing         | ·
refresh.asked force @end               | ·         | refreshing ended    | refreshing ended    | ·                                    | refreshing ended   | ·
bearer.rejected current @mid           | ·         | refreshing rejected | -                   | -                                    | -                  | -
bearer.rejected current @early         | ·         | refreshing rejected | refreshing rejected | note rejected                        | note rejected      | ·
bearer.rejected current @end           | ·         | refreshing rejected | refreshing rejected | note rejected                        | note rejected      | ·
time.checked @lead                     | ·         | nearingExpiry       | ·                   | ·                                    | ·                  | ·
time.checked @later                    | ·         | nearingExpiry       | ·                   | ·                                    | note +reread       | ·
time.checked @end                      | ·         | nearingExpiry ended | note ended          | note ended                           | note ended +reread | ·
time.checked @long                     | ·         | nearingExpiry ended | note ended          | note ended                           | note ended +reread | ·
network.restored @early                | ·         | ·                   | ·                   | ·                                    | refreshing         | ·
network.restored @end                  | ·         | ·                   | ·                   | ·                                    | refreshing ended   | ·
session.renewed newer @early           | ·         | active              | active              | active                               | active             | active good
session.renewed newer @end             | ·         | active              | active              | active                               | active             | active good
session.renewed no bearer @early       | ·         | retrying            | retrying            | retrying                             | retrying           | retrying
refresh.unknown afterBearerEnds @early | ·         | ·                   | ·                   | retrying                             | ·                  | ·
refresh.unknown afterBearerEnds @end   | ·         | ·                   | ·                   | retrying                             | ·                  | ·
refresh.unknown never @early           | ·         | ·                   | ·                   | retrying                             | ·                  | ·
refresh.unknown never @end             | ·         | ·                   | ·                   | expired (refreshOutcomeUnknown) none | ·                  | ·
refresh.unknown withinMs @early        | ·         | ·                   | ·                   | retrying                             | ·                  | ·
refresh.unknown withinMs @end          | ·         | ·                   | ·                   | retrying                             | ·                  | ·
refresh.unsupported for now @early     | ·         | ·                   | ·                   | nearingExpiry                        | ·                  | ·
refresh.unsupported for now @end       | ·         | ·                   | ·                   | expired (refreshUnsupported) none    | ·                  | ·
refresh.unsupported for good @early    | ·         | ·                   | ·                   | nearingExpiry                        | ·                  | ·
refresh.unsupported for good @end      | ·         | ·                   | ·                   | expired (refreshUnsupported) none    | ·                  | ·

prompt                                 | loggedOut | active              | nearingExpiry       | refreshing                           | retrying         | expired
---------------------------------------|-----------|---------------------|---------------------|--------------------------------------|------------------|------------
refresh.asked user @mid                | ·         | refreshing          | -                   | -                                    | -                | -
refresh.asked user @early              | ·         | refreshing          | refreshing          | ·                                    | note             | ·
refresh.asked user @later              | ·         | refreshing          | refreshing          | ·                                    | refreshing       | ·
refresh.asked user @end                | ·         | refreshing ended    | refreshing ended    | ·                                    | refreshing ended | ·
refresh.asked force @mid               | ·         | refreshing          | -                   | -                                    | -                | -
refresh.asked force @early             | ·         | refreshing          | refreshing          | ·                                    | note             | ·
refresh.asked force @later             | ·         | refreshing          | refreshing          | ·                                    | refreshing       | ·
refresh.asked force @end               | ·         | refreshing ended    | refreshing ended    | ·                                    | refreshing ended | ·
bearer.rejected current @mid           | ·         | refreshing rejected | -                   | -                                    | -                | -
bearer.rejected current @early         | ·         | refreshing rejected | refreshing rejected | note rejected                        | note rejected    | ·
bearer.rejected current @end           | ·         | refreshing rejected | refreshing rejected | note rejected                        | note rejected    | ·
time.checked @lead                     | ·         | nearingExpiry       | ·                   | ·                                    | ·                | ·
time.checked @later                    | ·         | nearingExpiry       | ·                   | ·                                    | refreshing       | ·
time.checked @end                      | ·         | expired (idle) none | expired (idle) none | note ended                           | refreshing ended | ·
time.checked @long                     | ·         | expired (idle) none | expired (idle) none | note ended                           | refreshing ended | ·
network.restored @early                | ·         | ·                   | ·                   | ·                                    | refreshing       | ·
network.restored @end                  | ·         | ·                   | ·                   | ·                                    | refreshing ended | ·
session.renewed newer @early           | ·         | active              | active              | active                               | active           | active good
session.renewed newer @end             | ·         | active              | active              | active                               | active           | active good
session.renewed no bearer @early       | ·         | retrying            | retrying            | retrying                             | retrying         | retrying
refresh.unknown afterBearerEnds @early | ·         | ·                   | ·                   | retrying                             | ·                | ·
refresh.unknown afterBearerEnds @end   | ·         | ·                   | ·                   | retrying                             | ·                | ·
refresh.unknown never @early           | ·         | ·                   | ·                   | retrying                             | ·                | ·
refresh.unknown never @end             | ·         | ·                   | ·                   | expired (refreshOutcomeUnknown) none | ·                | ·
refresh.unknown withinMs @early        | ·         | ·                   | ·                   | retrying                             | ·                | ·
refresh.unknown withinMs @end          | ·         | ·                   | ·                   | retrying                             | ·                | ·
refresh.unsupported for now @early     | ·         | ·                   | ·                   | nearingExpiry                        | ·                | ·
refresh.unsupported for now @end       | ·         | ·                   | ·                   | expired (refreshUnsupported) none    | ·                | ·
refresh.unsupported for good @early    | ·         | ·                   | ·                   | nearingExpiry                        | ·                | ·
refresh.unsupported for good @end      | ·         | ·                   | ·                   | expired (refreshUnsupported) none    | ·                | ·

bearer ended                         | loggedOut | active | nearingExpiry       | refreshing                           | retrying      | expired
-------------------------------------|-----------|--------|---------------------|--------------------------------------|---------------|--------
refresh.asked caller @end            | -         | -      | refreshing          | ·                                    | ·             | -
refresh.asked user @end              | -         | -      | refreshing          | ·                                    | note          | -
refresh.asked force @end             | -         | -      | refreshing          | ·                                    | note          | -
bearer.rejected current @end         | -         | -      | refreshing rejected | note rejected                        | note rejected | -
time.checked @long                   | -         | -      | ·                   | ·                                    | note +reread  | -
network.restored @end                | -         | -      | ·                   | ·                                    | refreshing    | -
session.renewed newer @end           | -         | -      | active good         | active good                          | active good   | -
refresh.unknown afterBearerEnds @end | -         | -      | ·                   | retrying                             | ·             | -
refresh.unknown never @end           | -         | -      | ·                   | expired (refreshOutcomeUnknown) none | ·             | -
refresh.unknown withinMs @end        | -         | -      | ·                   | retrying                             | ·             | -
refresh.unsupported for now @end     | -         | -      | ·                   | expired (refreshUnsupported) none    | ·             | -
refresh.unsupported for good @end    | -         | -      | ·                   | expired (refreshUnsupported) none    | ·             | -

forced early                         | loggedOut | active | nearingExpiry | refreshing                        | retrying | expired
-------------------------------------|-----------|--------|---------------|-----------------------------------|----------|--------
refresh.unsupported for now @mid     | -         | -      | -             | active                            | -        | -
refresh.unsupported for now @early   | -         | -      | -             | nearingExpiry                     | -        | -
refresh.unsupported for now @end     | -         | -      | -             | expired (refreshUnsupported) none | -        | -
refresh.unsupported for good @mid    | -         | -      | -             | active                            | -        | -
refresh.unsupported for good @early  | -         | -      | -             | nearingExpiry                     | -        | -
refresh.unsupported for good @end    | -         | -      | -             | expired (refreshUnsupported) none | -        | -
refresh.unknown afterBearerEnds @mid | -         | -      | -             | retrying                          | -        | -
refresh.refused current @mid         | -         | -      | -             | retrying                          | -        | -
bearer.rejected current @mid         | -         | -      | -             | note rejected                     | -        | -
session.renewed newer @mid           | -         | -      | -             | active                            | -        | -

nothing to refresh with          | loggedOut | active                        | nearingExpiry                 | refreshing | retrying | expired
---------------------------------|-----------|-------------------------------|-------------------------------|------------|----------|--------
bearer.rejected current @soon    | -         | expired (notRefreshable) none | -                             | -          | -        | -
bearer.rejected current @mid     | -         | expired (notRefreshable) none | -                             | -          | -        | -
bearer.rejected current @early   | -         | expired (notRefreshable) none | expired (notRefreshable) none | -          | -        | -
bearer.rejected current @end     | -         | expired (notRefreshable) none | expired (notRefreshable) none | -          | -        | ·
time.checked @lead               | -         | nearingExpiry                 | ·                             | -          | -        | -
time.checked @later              | -         | nearingExpiry                 | ·                             | -          | -        | -
time.checked @end                | -         | expired (notRefreshable) none | expired (notRefreshable) none | -          | -        | ·
time.checked @long               | -         | expired (notRefreshable) none | expired (notRefreshable) none | -          | -        | ·
session.renewed newer @early     | -         | active                        | active                        | -          | -        | -
session.renewed newer @end       | -         | active                        | active                        | -          | -        | ·
session.renewed no bearer @early | -         | retrying                      | retrying                      | -          | -        | -

one last chance                      | loggedOut | active              | nearingExpiry       | refreshing                           | retrying      | expired
-------------------------------------|-----------|---------------------|---------------------|--------------------------------------|---------------|--------
refresh.asked caller @end            | -         | refreshing ended    | refreshing ended    | ·                                    | ·             | ·
refresh.asked user @end              | -         | refreshing ended    | refreshing ended    | ·                                    | note          | ·
refresh.asked force @end             | -         | refreshing ended    | refreshing ended    | ·                                    | note          | ·
bearer.rejected current @mid         | -         | refreshing rejected | -                   | -                                    | -             | -
bearer.rejected current @early       | -         | refreshing rejected | refreshing rejected | -                                    | -             | -
bearer.rejected current @end         | -         | refreshing rejected | refreshing rejected | note rejected                        | note rejected | ·
time.checked @lead                   | -         | nearingExpiry       | ·                   | -                                    | -             | -
time.checked @later                  | -         | nearingExpiry       | ·                   | -                                    | -             | -
time.checked @end                    | -         | refreshing ended    | refreshing ended    | ·                                    | ·             | ·
time.checked @long                   | -         | refreshing ended    | refreshing ended    | ·                                    | refreshing    | ·
user.changed back @end               | -         | ·                   | refreshing ended    | ·                                    | ·             | ·
network.restored @end                | -         | ·                   | ·                   | ·                                    | refreshing    | ·
session.renewed newer @early         | -         | active              | active              | -                                    | -             | -
session.renewed newer @end           | -         | active              | active              | active good                          | active good   | ·
session.renewed no bearer @early     | -         | retrying            | retrying            | -                                    | -             | -
refresh.unknown afterBearerEnds @end | -         | ·                   | ·                   | retrying                             | ·             | ·
refresh.unknown never @end           | -         | ·                   | ·                   | expired (refreshOutcomeUnknown) none | ·             | ·
refresh.unknown withinMs @end        | -         | ·                   | ·                   | retrying                             | ·             | ·
refresh.unsupported for now @end     | -         | ·                   | ·                   | expired (refreshUnsupported) none    | ·             | ·
refresh.unsupported for good @end    | -         | ·                   | ·                   | expired (refreshUnsupported) none    | ·             | ·

asked to wait                    | loggedOut | active | nearingExpiry | refreshing | retrying         | expired
---------------------------------|-----------|--------|---------------|------------|------------------|--------
refresh.asked user @end          | -         | -      | -             | -          | refreshing ended | -
refresh.asked force @end         | -         | -      | -             | -          | refreshing ended | -
bearer.rejected current @early   | -         | -      | -             | -          | note rejected    | -
bearer.rejected current @end     | -         | -      | -             | -          | note rejected    | -
time.checked @later              | -         | -      | -             | -          | note +reread     | -
time.checked @end                | -         | -      | -             | -          | refreshing ended | -
time.checked @long               | -         | -      | -             | -          | refreshing ended | -
network.restored @end            | -         | -      | -             | -          | refreshing ended | -
session.renewed newer @early     | -         | -      | -             | -          | active           | -
session.renewed newer @end       | -         | -      | -             | -          | active           | -
session.renewed no bearer @early | -         | -      | -             | -          | retrying         | -

in doubt, afterBearerEnds            | loggedOut | active | nearingExpiry | refreshing                           | retrying         | expired
-------------------------------------|-----------|--------|---------------|--------------------------------------|------------------|--------
refresh.asked user @end              | -         | -      | -             | ·                                    | refreshing ended | -
refresh.asked force @end             | -         | -      | -             | ·                                    | refreshing ended | -
bearer.rejected current @early       | -         | -      | -             | -                                    | note rejected    | -
bearer.rejected current @end         | -         | -      | -             | note rejected                        | note rejected    | -
time.checked @later                  | -         | -      | -             | -                                    | note +reread     | -
time.checked @end                    | -         | -      | -             | ·                                    | refreshing ended | -
time.checked @long                   | -         | -      | -             | ·                                    | refreshing ended | -
network.restored @end                | -         | -      | -             | ·                                    | refreshing ended | -
session.renewed newer @early         | -         | -      | -             | -                                    | active           | -
session.renewed newer @end           | -         | -      | -             | active good                          | active           | -
session.renewed no bearer @early     | -         | -      | -             | -                                    | retrying         | -
refresh.unknown afterBearerEnds @end | -         | -      | -             | retrying                             | ·                | -
refresh.unknown never @end           | -         | -      | -             | expired (refreshOutcomeUnknown) none | ·                | -
refresh.unknown withinMs @end        | -         | -      | -             | expired (refreshOutcomeUnknown) none | ·                | -
refresh.unsupported for now @end     | -         | -      | -             | expired (refreshUnsupported) none    | ·                | -
refresh.unsupported for good @end    | -         | -      | -             | expired (refreshUnsupported) none    | ·                | -

in doubt, never                  | loggedOut | active | nearingExpiry | refreshing | retrying                             | expired
---------------------------------|-----------|--------|---------------|------------|--------------------------------------|------------
bearer.rejected current @early   | -         | -      | -             | -          | expired (refreshOutcomeUnknown) none | -
bearer.rejected current @end     | -         | -      | -             | -          | expired (refreshOutcomeUnknown) none | ·
time.checked @later              | -         | -      | -             | -          | note +reread                         | -
time.checked @end                | -         | -      | -             | -          | expired (refreshOutcomeUnknown) none | ·
time.checked @long               | -         | -      | -             | -          | expired (refreshOutcomeUnknown) none | ·
session.renewed newer @early     | -         | -      | -             | -          | active                               | -
session.renewed newer @end       | -         | -      | -             | -          | active                               | active good
session.renewed no bearer @early | -         | -      | -             | -          | retrying                             | -

in doubt, withinMs                   | loggedOut | active | nearingExpiry | refreshing                           | retrying                             | expired
-------------------------------------|-----------|--------|---------------|--------------------------------------|--------------------------------------|--------
refresh.asked user @later            | -         | -      | -             | ·                                    | refreshing                           | -
refresh.asked user @end              | -         | -      | -             | ·                                    | refreshing ended                     | -
refresh.asked force @later           | -         | -      | -             | ·                                    | refreshing                           | -
refresh.asked force @end             | -         | -      | -             | ·                                    | refreshing ended                     | -
bearer.rejected current @early       | -         | -      | -             | -                                    | note rejected                        | -
bearer.rejected current @end         | -         | -      | -             | note rejected                        | note rejected                        | -
time.checked @later                  | -         | -      | -             | ·                                    | refreshing                           | -
time.checked @end                    | -         | -      | -             | note ended                           | refreshing ended                     | -
time.checked @long                   | -         | -      | -             | note ended                           | expired (refreshOutcomeUnknown) none | -
network.restored @early              | -         | -      | -             | -                                    | note                                 | -
network.restored @end                | -         | -      | -             | ·                                    | refreshing ended                     | -
session.renewed newer @early         | -         | -      | -             | -                                    | active                               | -
session.renewed newer @end           | -         | -      | -             | active                               | active                               | -
session.renewed no bearer @early     | -         | -      | -             | -                                    | retrying                             | -
refresh.unknown afterBearerEnds @end | -         | -      | -             | retrying                             | ·                                    | -
refresh.unknown never @end           | -         | -      | -             | expired (refreshOutcomeUnknown) none | ·                                    | -
refresh.unknown withinMs @end        | -         | -      | -             | expired (refreshOutcomeUnknown) none | ·                                    | -
refresh.unsupported for now @end     | -         | -      | -             | expired (refreshUnsupported) none    | ·                                    | -
refresh.unsupported for good @end    | -         | -      | -             | expired (refreshUnsupported) none    | ·                                    | -

in doubt, withinMs, sent twice | loggedOut | active | nearingExpiry | refreshing | retrying                             | expired
-------------------------------|-----------|--------|---------------|------------|--------------------------------------|--------
bearer.rejected current @end   | -         | -      | -             | -          | expired (refreshOutcomeUnknown) none | -
time.checked @end              | -         | -      | -             | -          | expired (refreshOutcomeUnknown) none | -
time.checked @long             | -         | -      | -             | -          | expired (refreshOutcomeUnknown) none | -
session.renewed newer @end     | -         | -      | -             | -          | active                               | -

a call was served              | loggedOut | active              | nearingExpiry | refreshing | retrying      | expired
-------------------------------|-----------|---------------------|---------------|------------|---------------|--------
bearer.rejected current @soon  | -         | note                | -             | -          | -             | -
bearer.rejected current @mid   | -         | refreshing rejected | -             | -          | -             | -
bearer.rejected current @early | -         | refreshing rejected | -             | -          | note rejected | -
bearer.rejected older @soon    | -         | ·                   | -             | -          | -             | -
bearer.accepted current @soon  | -         | ·                   | -             | -          | -             | -

answered 401 inside the floor  | loggedOut | active | nearingExpiry | refreshing | retrying              | expired
-------------------------------|-----------|--------|---------------|------------|-----------------------|--------
bearer.rejected current @mid   | -         | -      | -             | -          | ·                     | -
bearer.accepted current @soon  | -         | -      | -             | -          | active good           | -
bearer.accepted current @mid   | -         | -      | -             | -          | active good           | -
bearer.accepted current @end   | -         | -      | -             | -          | note                  | -
bearer.accepted older @mid     | -         | -      | -             | -          | ·                     | -
time.checked @soon             | -         | -      | -             | -          | ·                     | -
time.checked @mid              | -         | -      | -             | -          | refreshing            | -
refresh.asked caller @soon     | -         | -      | -             | -          | ·                     | -
refresh.asked caller @mid      | -         | -      | -             | -          | refreshing            | -
refresh.asked user @soon       | -         | -      | -             | -          | note                  | -
refresh.asked user @mid        | -         | -      | -             | -          | refreshing            | -
network.restored @soon         | -         | -      | -             | -          | note                  | -
network.restored @mid          | -         | -      | -             | -          | refreshing            | -
session.renewed newer @mid     | -         | -      | -             | -          | active good           | -
session.renewed no bearer @mid | -         | -      | -             | -          | retrying              | -
session.ended user @mid        | -         | -      | -             | -          | loggedOut (user) none | -

renewed without a bearer       | loggedOut | active | nearingExpiry | refreshing | retrying              | expired
-------------------------------|-----------|--------|---------------|------------|-----------------------|--------
bearer.rejected older @early   | -         | -      | -             | -          | ·                     | -
bearer.rejected current @early | -         | -      | -             | -          | note rejected         | -
bearer.rejected newer @early   | -         | -      | -             | -          | note rejected         | -
bearer.accepted current @early | -         | -      | -             | -          | note                  | -
time.checked @early            | -         | -      | -             | -          | ·                     | -
time.checked @end              | -         | -      | -             | -          | refreshing ended      | -
session.renewed same @early    | -         | -      | -             | -          | ·                     | -
session.renewed older @early   | -         | -      | -             | -          | ·                     | -
session.ended user @early      | -         | -      | -             | -          | loggedOut (user) none | -

idle limit                 | loggedOut | active              | nearingExpiry       | refreshing          | retrying            | expired
---------------------------|-----------|---------------------|---------------------|---------------------|---------------------|--------
time.checked @end          | ·         | refreshing ended    | note ended          | note ended          | refreshing ended    | ·
time.checked @long         | ·         | expired (idle) none | expired (idle) none | expired (idle) none | expired (idle) none | ·
user.changed back @early   | note      | note                | refreshing          | note                | note                | note
user.changed idle @early   | note      | note                | ·                   | note                | note                | note
refresh.asked user @early  | ·         | refreshing          | refreshing          | note                | note                | ·
refresh.asked force @early | ·         | refreshing          | refreshing          | ·                   | note                | ·

absolute lifetime          | loggedOut | active                          | nearingExpiry                   | refreshing                      | retrying                        | expired
---------------------------|-----------|---------------------------------|---------------------------------|---------------------------------|---------------------------------|--------
time.checked @end          | ·         | refreshing ended                | note ended                      | note ended                      | refreshing ended                | ·
time.checked @long         | ·         | expired (absoluteLifetime) none | expired (absoluteLifetime) none | expired (absoluteLifetime) none | expired (absoluteLifetime) none | ·
user.changed back @early   | ·         | ·                               | refreshing                      | ·                               | ·                               | ·
user.changed idle @early   | note      | note                            | ·                               | note                            | note                            | note
refresh.asked user @early  | ·         | refreshing                      | refreshing                      | ·                               | note                            | ·
refresh.asked force @early | ·         | refreshing                      | refreshing                      | ·                               | note                            | ·
`
