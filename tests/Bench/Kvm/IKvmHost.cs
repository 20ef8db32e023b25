using Hearth.Guests;

namespace Hearth.Bench.Kvm;

/// <summary>A machine with KVM on which both monitors run.</summary>
internal interface IKvmHost : IDisposable
{
    /// <summary>What it is, for the table.</summary>
    string Description { get; }

    /// <summary>For files that are written here and read there, at the same path.</summary>
    string Folder { get; }

    /// <summary>Runs a script of <c>/bin/sh</c> to its end.</summary>
    /// <exception cref="GuestsException">It takes too long, or the machine failed.</exception>
    CommandResult Run(string script);
}
