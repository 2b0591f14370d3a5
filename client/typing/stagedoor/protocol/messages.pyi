from protocol.messages import *
