using Hearth.Linux;

namespace Hearth.Screen;

/// <summary>The link from a guest's process to who looks at its screen: a byte says that it has ended and its last picture is there; the end, that it is gone.</summary>
internal sealed class GuestLink(FileDescriptor link)
{
    /// <summary>There will be no other picture.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>It went without a word: it never started, or was killed.</summary>
    public bool IsGone { get; private set; }

    /// <summary>Waits until the guest has ended or the time is over.</summary>
    public void Wait(TimeSpan limit)
    {
        if (HasEnded || !Descriptors.WaitReadable(link, limit))
            return;
        HasEnded = true;
        IsGone = link.Read(new byte[1]) == 0;
    }
}
