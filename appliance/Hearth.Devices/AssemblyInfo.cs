using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Hearth.Devices.Tests")]
