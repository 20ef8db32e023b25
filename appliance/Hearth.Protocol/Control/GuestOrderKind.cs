namespace Hearth.Protocol;

/// <summary>What the supervisor asks of a guest's process.</summary>
public enum GuestOrderKind
{
    /// <summary>Who are you, and how is the guest? The first order of each connection. What memory still has to come is answered with descriptors.</summary>
    Greet,

    /// <summary>Are you there? Answered by the thread that runs the machine.</summary>
    Ping,

    /// <summary>The guest stands still until <see cref="Resume"/>.</summary>
    Pause,

    Resume,

    /// <summary>Press the guest's power button.</summary>
    PressPowerButton,

    /// <summary>Boot the guest again, as its reset button does.</summary>
    Reset,

    /// <summary>End the guest's process, as if its plug were pulled.</summary>
    End,

    /// <summary>Save the guest (<see cref="SaveOrder"/>). The first descriptor is the stream that takes its memory, then one for each new layer.</summary>
    Save,

    /// <summary>The state that was saved last is on stable storage; the next one needs what changes from it on.</summary>
    Settle,

    /// <summary>The state that was saved last is lost: what it had is to be in the next one.</summary>
    Forget,

    /// <summary>All memory of a restored guest is there: nobody serves pages any more.</summary>
    Filled,
}
