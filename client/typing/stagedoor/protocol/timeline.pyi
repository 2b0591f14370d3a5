from protocol.timeline import *
