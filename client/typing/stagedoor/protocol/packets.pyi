from protocol.packets import *
