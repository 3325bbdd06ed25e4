"""Live conversations: push-to-talk over a link, in the terminal, in the browser, or inside another program.

wire        frames and messages, delivery, the link as a state machine without sockets, sockets, TLS and pairing
session     sound to utterances while somebody speaks, utterances to sound, and a `Session` of both
devices     microphone, loudspeaker, files, terminal, page and key
reports     what happens, for whatever shows it
commands    ``speechzip listen`` and ``speechzip talk``

A program listens, and brings the sound of its own microphone:

    import asyncio
    from speechzip.pipeline import live

    async def front_end(session: live.Session) -> None:
        session.conversation.press()             # the button is down
        for block in microphone:                 # float32 [t], mono, 16 kHz
            session.conversation.hear(block)
            await asyncio.sleep(0)
        session.conversation.release()           # what was said is sent

    listener = live.wait_for_calls("127.0.0.1", 7310, secure=False)
    engines = live.LiveEngines.load()
    options = live.SessionOptions(once=True)     # leave when the peer leaves
    asyncio.run(live.run_session(engines, listener, options, print, front_end))

The other end connects with ``live.dial(live.parse_address("127.0.0.1:7310"))``. `run_session` reports everything that
happens to its observer (here `print`); a `Loudspeaker` of your own takes the sound. The tests run this example.

Importing this package loads nothing yet. `__init__.pyi` says which module each name comes from.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
