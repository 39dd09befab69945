"""Models behind the ports of kb.protocols; each adapter imports its heavy library when it is first needed."""
