"""
What Twisted finds: the command ``guests``.
"""

# begin plugin
from twisted.application.service import ServiceMaker

guests = ServiceMaker("guests", "guests", "Greet guests.", "guests")
# end plugin
