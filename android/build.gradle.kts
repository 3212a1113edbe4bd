import com.android.build.gradle.LibraryExtension
import org.jetbrains.kotlin.gradle.dsl.JvmTarget
import org.jetbrains.kotlin.gradle.dsl.KotlinAndroidProjectExtension

plugins {
    alias(libs.plugins.android.library) apply false
    alias(libs.plugins.android.application) apply false
    alias(libs.plugins.kotlin.android) apply false
    alias(libs.plugins.kotlin.serialization) apply false
    alias(libs.plugins.kotlin.compose) apply false
}

subprojects {
    group = "dev.dunlin"
    version = rootProject.libs.versions.dunlin.get()

    plugins.withId("org.jetbrains.kotlin.android") {
        extensions.configure<KotlinAndroidProjectExtension> {
            compilerOptions.jvmTarget = JvmTarget.JVM_17
        }
    }

    plugins.withId("com.android.library") {
        extensions.configure<LibraryExtension> {
            compileSdk = 36
            defaultConfig.minSdk = 26
            compileOptions {
                sourceCompatibility = JavaVersion.VERSION_17
                targetCompatibility = JavaVersion.VERSION_17
            }
            publishing.singleVariant("release") { withSourcesJar() }
        }
        apply(plugin = "maven-publish")
        afterEvaluate {
            extensions.configure<PublishingExtension> {
                publications.create<MavenPublication>("release") {
                    artifactId = "dunlin-${project.name}"
                    from(components["release"])
                    pom {
                        name = "Dunlin: ${project.name}"
                        description = "Documents on the device, in step between devices, without a server"
                        url = "https://github.com/dunlin-sync/dunlin"
                        licenses {
                            license {
                                name = "MIT"
                                url = "https://opensource.org/license/mit"
                            }
                            license {
                                name = "Apache-2.0"
                                url = "https://www.apache.org/licenses/LICENSE-2.0.txt"
                            }
                        }
                        developers {
                            developer {
                                name = "The Dunlin project"
                                organization = "Dunlin"
                                organizationUrl = "https://github.com/dunlin-sync"
                            }
                        }
                        scm {
                            connection = "scm:git:https://github.com/dunlin-sync/dunlin.git"
                            url = "https://github.com/dunlin-sync/dunlin"
                        }
                    }
                }
            }
        }
    }
}
